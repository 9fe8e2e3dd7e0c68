//! The tables that can be exported, and what is made of their rows.

use super::{Cell, Table};
use crate::domain::cost::unit_cost;
use crate::domain::money::Currency;

/// The tables that can be exported.
pub const TABLES: &[Table] = &[
    Table {
        name: "reservations",
        columns: &[
            "id", "order", "sku", "lot", "location", "quantity", "at", "run",
        ],
        query: "SELECT r.id AS k, r.id AS c0, CONCAT(a.name, ':', o.number) AS c1, p.sku AS c2, \
            l.code AS c3, w.code AS c4, r.quantity AS c5, r.at AS c6, r.run AS c7 \
            FROM reservations r JOIN order_demands d ON d.id = r.demand_id \
            JOIN order_lines ol ON ol.id = d.line_id JOIN orders o ON o.id = ol.order_id \
            JOIN channel_accounts a ON a.id = o.account_id \
            JOIN balances b ON b.id = r.balance_id JOIN lots l ON l.id = b.lot_id \
            JOIN products p ON p.id = b.product_id JOIN locations w ON w.id = b.location_id",
        finish: as_they_are,
    },
    Table {
        name: "lots",
        columns: &[
            "id",
            "sku",
            "lot",
            "received_on",
            "quantity",
            "on_hand",
            "reserved",
            "cost_minor",
            "currency",
            "supplier",
            "invoice",
        ],
        query: "SELECT l.id AS k, l.id AS c0, p.sku AS c1, l.code AS c2, l.received_on AS c3, \
            l.quantity AS c4, \
            (SELECT CAST(SUM(b.on_hand) AS SIGNED) FROM balances b WHERE b.lot_id = l.id) AS c5, \
            (SELECT CAST(SUM(b.reserved) AS SIGNED) FROM balances b WHERE b.lot_id = l.id) AS c6, \
            (SELECT CAST(SUM(c.amount_minor) AS SIGNED) FROM lot_costs c WHERE c.lot_id = l.id) \
              AS c7, \
            (SELECT MAX(c.currency) FROM lot_costs c WHERE c.lot_id = l.id) AS c8, \
            l.supplier AS c9, l.invoice AS c10 \
            FROM lots l JOIN products p ON p.id = l.product_id",
        finish: as_they_are,
    },
    Table {
        name: "stock_moves",
        columns: &[
            "id", "at", "sku", "lot", "from", "to", "quantity", "reason", "cause", "actor", "run",
        ],
        query: "SELECT m.id AS k, m.id AS c0, m.at AS c1, p.sku AS c2, l.code AS c3, \
            f.code AS c4, t.code AS c5, m.quantity AS c6, m.reason AS c7, m.cause AS c8, \
            m.actor AS c9, m.run AS c10 \
            FROM stock_moves m JOIN lots l ON l.id = m.lot_id \
            JOIN products p ON p.id = l.product_id \
            LEFT JOIN locations f ON f.id = m.from_location \
            LEFT JOIN locations t ON t.id = m.to_location",
        finish: as_they_are,
    },
    Table {
        name: "orders",
        columns: &[
            "id",
            "order",
            "external_id",
            "status",
            "rule",
            "currency",
            "placed_at",
            "modified_at",
            "customer",
            "email",
            "ship_to",
            "terms",
            "po_number",
            "shipping_minor",
            "tax_minor",
            "total_minor",
        ],
        query: "SELECT o.id AS k, o.id AS c0, CONCAT(a.name, ':', o.number) AS c1, \
            o.external_id AS c2, o.status AS c3, o.rule AS c4, o.currency AS c5, \
            o.placed_at AS c6, o.modified_at AS c7, o.customer AS c8, o.email AS c9, \
            o.ship_to AS c10, o.terms AS c11, o.po_number AS c12, o.shipping_minor AS c13, \
            o.tax_minor AS c14, o.total_minor AS c15 \
            FROM orders o JOIN channel_accounts a ON a.id = o.account_id",
        finish: as_they_are,
    },
    Table {
        name: "order_lines",
        columns: &[
            "id",
            "order",
            "sku",
            "title",
            "quantity",
            "refunded",
            "total_minor",
            "tax_minor",
            "wanted",
            "reserved",
            "shipped",
        ],
        query: "SELECT l.id AS k, l.id AS c0, CONCAT(a.name, ':', o.number) AS c1, l.sku AS c2, \
            l.title AS c3, l.quantity AS c4, l.refunded AS c5, l.total_minor AS c6, \
            l.tax_minor AS c7, \
            (SELECT CAST(SUM(d.quantity - d.shipped) AS SIGNED) FROM order_demands d \
              WHERE d.line_id = l.id) AS c8, \
            (SELECT CAST(SUM(d.reserved) AS SIGNED) FROM order_demands d WHERE d.line_id = l.id) \
              AS c9, \
            (SELECT CAST(SUM(d.shipped) AS SIGNED) FROM order_demands d WHERE d.line_id = l.id) \
              AS c10 \
            FROM order_lines l JOIN orders o ON o.id = l.order_id \
            JOIN channel_accounts a ON a.id = o.account_id",
        finish: as_they_are,
    },
    Table {
        name: "cogs_entries",
        columns: &[
            "id",
            "booked_on",
            "kind",
            "order",
            "shipment",
            "ordered_sku",
            "sku",
            "lot",
            "received_on",
            "qty",
            "unit_cost",
            "cost",
            "currency",
            "lot_units",
            "lot_cost",
            "sku_units",
            "sku_cost",
            "cause",
            "actor",
            "run",
        ],
        query: "SELECT e.id AS k, e.id AS c0, e.booked_on AS c1, e.kind AS c2, \
            CASE WHEN o.id IS NULL THEN NULL ELSE CONCAT(a.name, ':', o.number) END AS c3, \
            e.shipment_id AS c4, ol.sku AS c5, p.sku AS c6, l.code AS c7, l.received_on AS c8, \
            e.quantity AS c9, e.cost_minor AS c10, e.cost_minor AS c11, e.currency AS c12, \
            e.lot_units AS c13, e.lot_cost AS c14, e.sku_units AS c15, e.sku_cost AS c16, \
            e.cause AS c17, e.actor AS c18, e.run AS c19 \
            FROM cogs_entries e JOIN lots l ON l.id = e.lot_id \
            JOIN products p ON p.id = e.product_id \
            LEFT JOIN order_demands d ON d.id = e.demand_id \
            LEFT JOIN order_lines ol ON ol.id = d.line_id \
            LEFT JOIN orders o ON o.id = ol.order_id \
            LEFT JOIN channel_accounts a ON a.id = o.account_id",
        finish: decimal_costs,
    },
    Table {
        name: "pick_waves",
        columns: &[
            "id",
            "packer",
            "state",
            "started_at",
            "expires_at",
            "ended_at",
            "run",
        ],
        query: "SELECT id AS k, id AS c0, packer AS c1, state AS c2, started_at AS c3, \
            expires_at AS c4, ended_at AS c5, run AS c6 FROM pick_waves",
        finish: as_they_are,
    },
    Table {
        name: "pick_tasks",
        columns: &[
            "id",
            "wave",
            "order",
            "tote",
            "state",
            "packer",
            "pack_until",
            "packed_at",
            "shipment",
        ],
        query: "SELECT t.id AS k, t.id AS c0, t.wave_id AS c1, CONCAT(a.name, ':', o.number) AS c2, \
            t.tote AS c3, t.state AS c4, t.packer AS c5, t.pack_until AS c6, t.packed_at AS c7, \
            t.shipment_id AS c8 FROM pick_tasks t JOIN orders o ON o.id = t.order_id \
            JOIN channel_accounts a ON a.id = o.account_id",
        finish: as_they_are,
    },
    Table {
        name: "pick_lines",
        columns: &[
            "id", "task", "position", "sku", "location", "lot", "quantity", "picked", "short",
            "moved", "packed",
        ],
        query: "SELECT n.id AS k, n.id AS c0, n.task_id AS c1, n.position AS c2, p.sku AS c3, \
            w.code AS c4, l.code AS c5, n.quantity AS c6, n.picked AS c7, n.short AS c8, \
            n.moved AS c9, n.packed AS c10 \
            FROM pick_lines n JOIN products p ON p.id = n.product_id \
            JOIN locations w ON w.id = n.location_id LEFT JOIN lots l ON l.id = n.lot_id",
        finish: as_they_are,
    },
    Table {
        name: "packages",
        columns: &[
            "id",
            "task",
            "number",
            "box",
            "weight_g",
            "length_mm",
            "width_mm",
            "height_mm",
            "closed_at",
            "shipment",
            "created_at",
            "actor",
            "run",
        ],
        query: "SELECT id AS k, id AS c0, task_id AS c1, number AS c2, box AS c3, weight_g AS c4, \
            length_mm AS c5, width_mm AS c6, height_mm AS c7, closed_at AS c8, \
            shipment_id AS c9, created_at AS c10, actor AS c11, run AS c12 FROM packages",
        finish: as_they_are,
    },
    Table {
        name: "package_items",
        columns: &["id", "package", "line", "sku", "lot", "quantity"],
        query: "SELECT i.id AS k, i.id AS c0, i.package_id AS c1, i.line_id AS c2, p.sku AS c3, \
            l.code AS c4, i.quantity AS c5 \
            FROM package_items i JOIN pick_lines n ON n.id = i.line_id \
            JOIN products p ON p.id = n.product_id LEFT JOIN lots l ON l.id = i.lot_id",
        finish: as_they_are,
    },
    Table {
        name: "discrepancies",
        columns: &[
            "id",
            "kind",
            "sku",
            "location",
            "lot",
            "order",
            "line",
            "expected",
            "found",
            "reason",
            "count",
            "at",
            "actor",
            "run",
            "settled_at",
            "settled_by",
            "settled_how",
        ],
        query: "SELECT d.id AS k, d.id AS c0, d.kind AS c1, p.sku AS c2, w.code AS c3, l.code AS c4, \
            CASE WHEN o.id IS NULL THEN NULL ELSE CONCAT(a.name, ':', o.number) END AS c5, \
            d.line_id AS c6, d.expected AS c7, d.found AS c8, d.reason AS c9, \
            d.count_id AS c10, d.at AS c11, d.actor AS c12, d.run AS c13, \
            d.settled_at AS c14, d.settled_by AS c15, d.settled_how AS c16 \
            FROM discrepancies d JOIN products p ON p.id = d.product_id \
            LEFT JOIN locations w ON w.id = d.location_id LEFT JOIN lots l ON l.id = d.lot_id \
            LEFT JOIN orders o ON o.id = d.order_id \
            LEFT JOIN channel_accounts a ON a.id = o.account_id",
        finish: as_they_are,
    },
    Table {
        name: "consignments",
        columns: &[
            "id",
            "order",
            "direction",
            "carrier",
            "service",
            "reference",
            "state",
            "said",
            "asked_at",
            "carrier_id",
            "charge_minor",
            "charge_currency",
            "tariff",
            "billing_weight",
            "shipment",
            "created_at",
            "updated_at",
            "actor",
            "run",
        ],
        query: "SELECT c.id AS k, c.id AS c0, CONCAT(a.name, ':', o.number) AS c1, \
            c.direction AS c2, c.carrier AS c3, c.service AS c4, c.reference AS c5, c.state AS c6, \
            c.said AS c7, c.asked_at AS c8, c.carrier_id AS c9, c.charge_minor AS c10, \
            c.charge_currency AS c11, c.tariff AS c12, c.billing_weight AS c13, \
            c.shipment_id AS c14, c.created_at AS c15, c.updated_at AS c16, c.actor AS c17, \
            c.run AS c18 \
            FROM consignments c JOIN orders o ON o.id = c.order_id \
            JOIN channel_accounts a ON a.id = o.account_id",
        finish: as_they_are,
    },
    Table {
        name: "parcels",
        columns: &[
            "id",
            "consignment",
            "number",
            "package",
            "weight_g",
            "length_mm",
            "width_mm",
            "height_mm",
            "tracking",
            "voided_at",
            "stage",
            "stage_at",
            "expected_on",
            "asked_at",
            "stalled_at",
        ],
        query: "SELECT id AS k, id AS c0, consignment_id AS c1, number AS c2, package_id AS c3, \
            weight_g AS c4, length_mm AS c5, width_mm AS c6, height_mm AS c7, tracking AS c8, \
            voided_at AS c9, stage AS c10, stage_at AS c11, expected_on AS c12, asked_at AS c13, \
            stalled_at AS c14 FROM parcels",
        finish: as_they_are,
    },
    Table {
        name: "tracking_events",
        columns: &[
            "id", "parcel", "at", "code", "words", "place", "stage", "seen_at", "run",
        ],
        query: "SELECT id AS k, id AS c0, parcel_id AS c1, at AS c2, code AS c3, words AS c4, \
            place AS c5, stage AS c6, seen_at AS c7, run AS c8 FROM tracking_events",
        finish: as_they_are,
    },
    Table {
        name: "documents",
        columns: &[
            "id",
            "kind",
            "title",
            "media_type",
            "consignment",
            "parcel",
            "template",
            "bundle",
            "sha256",
            "created_at",
            "actor",
            "run",
        ],
        query: "SELECT id AS k, id AS c0, kind AS c1, title AS c2, media_type AS c3, \
            consignment_id AS c4, parcel_id AS c5, template AS c6, bundle AS c7, sha256 AS c8, \
            created_at AS c9, actor AS c10, run AS c11 FROM documents",
        finish: as_they_are,
    },
    Table {
        name: "print_jobs",
        columns: &[
            "id",
            "document",
            "station",
            "printer",
            "reference",
            "state",
            "job",
            "said",
            "next_at",
            "created_at",
            "updated_at",
            "actor",
            "run",
        ],
        query: "SELECT id AS k, id AS c0, document_id AS c1, station AS c2, printer AS c3, \
            reference AS c4, state AS c5, job AS c6, said AS c7, next_at AS c8, \
            created_at AS c9, updated_at AS c10, actor AS c11, run AS c12 FROM print_jobs",
        finish: as_they_are,
    },
    Table {
        name: "events",
        columns: &[
            "id", "at", "run", "actor", "kind", "version", "subject", "payload",
        ],
        query: "SELECT id AS k, id AS c0, at AS c1, run AS c2, actor AS c3, kind AS c4, \
            version AS c5, subject AS c6, payload AS c7 FROM events",
        finish: as_they_are,
    },
];

fn as_they_are(row: Vec<Cell>) -> Vec<Cell> {
    row
}

/// The costs of an entry as decimal amounts: the unit cost is made from cost and quantity.
fn decimal_costs(mut row: Vec<Cell>) -> Vec<Cell> {
    let Cell::Text(code) = &row[12] else {
        return row;
    };
    let Ok(currency) = code.parse::<Currency>() else {
        for at in [10, 11, 14, 16] {
            row[at] = Cell::Null;
        }
        return row;
    };
    let number = |cell: &Cell| match cell {
        Cell::Int(number) => *number,
        _ => 0,
    };
    let (quantity, cost) = (number(&row[9]), number(&row[11]));
    row[10] = match quantity {
        0 => Cell::Null,
        _ => Cell::Text(unit_cost(cost, quantity, currency)),
    };
    for at in [11, 14, 16] {
        if let Cell::Int(minor) = row[at] {
            row[at] = Cell::Text(currency.decimal(minor));
        }
    }
    row
}
