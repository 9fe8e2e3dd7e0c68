-- The stock room: where things lie, what they are bought for, what left at which cost.
-- Each statement may run again: MariaDB commits every one of them by itself.

-- Nothing above it: a warehouse. Something below it: a zone. Else a bin.
ALTER TABLE locations ADD COLUMN IF NOT EXISTS parent_id BIGINT REFERENCES locations (id);

-- Where it is put when nobody says otherwise; from how few units on it is bought again;
-- since when there have been so few.
ALTER TABLE products ADD COLUMN IF NOT EXISTS home_location BIGINT REFERENCES locations (id);
ALTER TABLE products ADD COLUMN IF NOT EXISTS reorder_point BIGINT;
ALTER TABLE products ADD COLUMN IF NOT EXISTS low_since BIGINT;

-- What a lot cost, in the tenant's currency, each component spread over the lot's original
-- quantity. `source_*` is what was paid and in what; `rate` turns that into this.
ALTER TABLE lot_costs ADD COLUMN IF NOT EXISTS source_minor BIGINT;
ALTER TABLE lot_costs ADD COLUMN IF NOT EXISTS source_currency VARCHAR(190);
ALTER TABLE lot_costs ADD COLUMN IF NOT EXISTS rate VARCHAR(190);
ALTER TABLE lot_costs ADD COLUMN IF NOT EXISTS rate_source VARCHAR(190);
ALTER TABLE lot_costs ADD COLUMN IF NOT EXISTS document VARCHAR(190);
ALTER TABLE lot_costs ADD COLUMN IF NOT EXISTS booked_on VARCHAR(190);
UPDATE lot_costs c JOIN lots l ON l.id = c.lot_id
    SET c.source_minor = c.amount_minor, c.source_currency = c.currency,
        c.document = COALESCE(l.invoice, ''), c.booked_on = l.received_on
    WHERE c.source_minor IS NULL;
ALTER TABLE lot_costs MODIFY source_minor BIGINT NOT NULL, MODIFY source_currency VARCHAR(190) NOT NULL,
    MODIFY document VARCHAR(190) NOT NULL, MODIFY booked_on VARCHAR(190) NOT NULL;
ALTER TABLE lot_costs DROP CONSTRAINT IF EXISTS lot_cost_component;
ALTER TABLE lot_costs ADD CONSTRAINT lot_cost_component CHECK (component IN (
    'purchase', 'freight', 'duty', 'other', 'adjustment', 'return'));
CREATE OR REPLACE INDEX lot_costs_by_lot ON lot_costs (lot_id, booked_on, amount_minor, currency);

-- What had moved by a day is read from the index alone.
CREATE INDEX IF NOT EXISTS stock_moves_by_time
    ON stock_moves (at, lot_id, from_location, to_location, quantity);

-- Units of one product that a person can tell apart. What befell them is in the events.
CREATE TABLE IF NOT EXISTS serials (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    product_id BIGINT NOT NULL REFERENCES products (id),
    serial VARCHAR(190) NOT NULL,
    lot_id BIGINT NOT NULL REFERENCES lots (id),
    in_house BIGINT NOT NULL,
    CONSTRAINT serial_in_house CHECK (in_house IN (0, 1)),
    UNIQUE (product_id, serial)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS serials_by_serial ON serials (serial);
CREATE INDEX IF NOT EXISTS serials_by_lot ON serials (lot_id, in_house);

-- Goods of an order that left together. Source `shop`: by the shop's word alone.
CREATE TABLE IF NOT EXISTS shipments (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    source VARCHAR(190) NOT NULL,
    carrier VARCHAR(190) NOT NULL,
    tracking VARCHAR(190) NOT NULL,
    shipped_at BIGINT NOT NULL,
    shipped_on VARCHAR(190) NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT shipment_source CHECK (source IN ('manual', 'shop'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS shipments_by_order ON shipments (order_id);
CREATE INDEX IF NOT EXISTS shipments_by_tracking ON shipments (tracking);

CREATE TABLE IF NOT EXISTS shipment_items (
    shipment_id BIGINT NOT NULL REFERENCES shipments (id),
    demand_id BIGINT NOT NULL REFERENCES order_demands (id),
    quantity BIGINT NOT NULL,
    PRIMARY KEY (shipment_id, demand_id),
    CONSTRAINT shipment_item_quantity CHECK (quantity > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS shipment_items_by_demand ON shipment_items (demand_id);

-- What left the house at which cost: units `first_unit` to `first_unit + quantity` of a
-- lot, each costed once. `late_cost`: the share of units that had left already in a cost
-- that came later. `return`: the cost of what came back, now that of a lot of its own; with
-- no units, its share in a cost that came later still.
-- The totals are those after the entry.
CREATE TABLE IF NOT EXISTS cogs_entries (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    at BIGINT NOT NULL,
    booked_on VARCHAR(190) NOT NULL,
    kind VARCHAR(190) NOT NULL,
    lot_id BIGINT NOT NULL REFERENCES lots (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    shipment_id BIGINT REFERENCES shipments (id),
    demand_id BIGINT REFERENCES order_demands (id),
    lot_cost_id BIGINT REFERENCES lot_costs (id),
    first_unit BIGINT,
    quantity BIGINT NOT NULL,
    cost_minor BIGINT NOT NULL,
    currency VARCHAR(190) NOT NULL,
    lot_units BIGINT NOT NULL,
    lot_cost BIGINT NOT NULL,
    sku_units BIGINT,
    sku_cost BIGINT,
    cause VARCHAR(190) NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT cogs_kind CHECK (
        (kind IN ('dispatch', 'write_off') AND first_unit >= 0 AND quantity > 0)
        OR (kind = 'late_cost' AND first_unit IS NULL AND quantity = 0 AND lot_cost_id IS NOT NULL)
        OR (kind = 'return' AND first_unit IS NULL AND quantity <= 0)),
    UNIQUE (lot_id, first_unit),
    UNIQUE (lot_cost_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS cogs_entries_by_demand ON cogs_entries (demand_id);
CREATE INDEX IF NOT EXISTS cogs_entries_by_product ON cogs_entries (product_id, id);

-- What is to be done outside, noted before it is done.
CREATE TABLE IF NOT EXISTS outbox (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    kind VARCHAR(190) NOT NULL,
    intent VARCHAR(190) NOT NULL UNIQUE,
    request LONGTEXT NOT NULL,
    request_hash VARCHAR(190) NOT NULL,
    state VARCHAR(190) NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    answer LONGTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT outbox_state CHECK (
        state IN ('planned', 'calling', 'unknown', 'done', 'failed', 'needs_decision'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS outbox_by_state ON outbox (state, next_at);

CREATE TABLE IF NOT EXISTS suppliers (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    code VARCHAR(190) NOT NULL UNIQUE,
    name VARCHAR(190) NOT NULL,
    currency VARCHAR(190) NOT NULL,
    lead_days BIGINT NOT NULL,
    email VARCHAR(190) NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT supplier_lead CHECK (lead_days >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What a supplier sells: its own number for it, and in what packs. The preferred supplier
-- of a product is asked first.
CREATE TABLE IF NOT EXISTS supplier_items (
    supplier_id BIGINT NOT NULL REFERENCES suppliers (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    supplier_sku VARCHAR(190) NOT NULL,
    pack BIGINT NOT NULL,
    minimum BIGINT NOT NULL,
    preferred BIGINT NOT NULL,
    PRIMARY KEY (supplier_id, product_id),
    CONSTRAINT supplier_item_pack CHECK (pack > 0 AND minimum >= 0),
    CONSTRAINT supplier_item_preferred CHECK (preferred IN (0, 1))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS supplier_items_by_product ON supplier_items (product_id);

-- What so many units cost at a supplier, and since when.
CREATE TABLE IF NOT EXISTS supplier_costs (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    supplier_id BIGINT NOT NULL REFERENCES suppliers (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    noted_on VARCHAR(190) NOT NULL,
    quantity BIGINT NOT NULL,
    cost_minor BIGINT NOT NULL,
    currency VARCHAR(190) NOT NULL,
    source VARCHAR(190) NOT NULL,
    document VARCHAR(190) NOT NULL,
    at BIGINT NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT supplier_cost_source CHECK (source IN ('list', 'order', 'receipt', 'invoice')),
    CONSTRAINT supplier_cost_quantity CHECK (quantity > 0 AND cost_minor >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS supplier_costs_by_product ON supplier_costs (product_id, supplier_id, id);

CREATE TABLE IF NOT EXISTS purchase_orders (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    number VARCHAR(190) NOT NULL UNIQUE,
    supplier_id BIGINT NOT NULL REFERENCES suppliers (id),
    currency VARCHAR(190) NOT NULL,
    ordered_on VARCHAR(190) NOT NULL,
    expected_on VARCHAR(190) NOT NULL,
    note VARCHAR(190) NOT NULL,
    closed_at BIGINT,
    closed_why VARCHAR(190),
    created_at BIGINT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What all the units of a line cost is agreed; what some of them cost follows from it.
CREATE TABLE IF NOT EXISTS purchase_order_lines (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    po_id BIGINT NOT NULL REFERENCES purchase_orders (id),
    line BIGINT NOT NULL,
    product_id BIGINT NOT NULL REFERENCES products (id),
    quantity BIGINT NOT NULL,
    cost_minor BIGINT,
    received BIGINT NOT NULL,
    expected_on VARCHAR(190) NOT NULL,
    CONSTRAINT po_line_quantity CHECK (quantity > 0 AND received >= 0),
    UNIQUE (po_id, line)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS purchase_order_lines_by_product ON purchase_order_lines (product_id);

-- Goods that came in together from a supplier.
CREATE TABLE IF NOT EXISTS receipts (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    supplier_id BIGINT NOT NULL REFERENCES suppliers (id),
    ref VARCHAR(190) NOT NULL UNIQUE,
    received_on VARCHAR(190) NOT NULL,
    currency VARCHAR(190) NOT NULL,
    rate VARCHAR(190),
    rate_source VARCHAR(190),
    at BIGINT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- `cost_minor` is what the units are expected to cost, in the receipt's currency.
CREATE TABLE IF NOT EXISTS receipt_lines (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    receipt_id BIGINT NOT NULL REFERENCES receipts (id),
    po_line_id BIGINT REFERENCES purchase_order_lines (id),
    lot_id BIGINT NOT NULL UNIQUE REFERENCES lots (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    quantity BIGINT NOT NULL,
    cost_minor BIGINT,
    invoiced BIGINT NOT NULL,
    CONSTRAINT receipt_line_quantity CHECK (quantity > 0),
    CONSTRAINT receipt_line_invoiced CHECK (invoiced >= 0 AND invoiced <= quantity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS receipt_lines_by_receipt ON receipt_lines (receipt_id);
CREATE INDEX IF NOT EXISTS receipt_lines_by_po_line ON receipt_lines (po_line_id);
CREATE INDEX IF NOT EXISTS receipt_lines_by_product ON receipt_lines (product_id);

CREATE TABLE IF NOT EXISTS supplier_invoices (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    supplier_id BIGINT NOT NULL REFERENCES suppliers (id),
    number VARCHAR(190) NOT NULL,
    invoiced_on VARCHAR(190) NOT NULL,
    currency VARCHAR(190) NOT NULL,
    rate VARCHAR(190),
    rate_source VARCHAR(190),
    total_minor BIGINT NOT NULL,
    state VARCHAR(190) NOT NULL,
    at BIGINT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT invoice_state CHECK (state IN ('open', 'differs', 'matched')),
    UNIQUE (supplier_id, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- A line bills goods (a product and units of it) or a charge that is spread over the goods
-- of the purchase orders or receipts it names.
CREATE TABLE IF NOT EXISTS supplier_invoice_lines (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    invoice_id BIGINT NOT NULL REFERENCES supplier_invoices (id),
    line BIGINT NOT NULL,
    kind VARCHAR(190) NOT NULL,
    product_id BIGINT REFERENCES products (id),
    quantity BIGINT,
    total_minor BIGINT NOT NULL,
    spread VARCHAR(190) NOT NULL,
    applies_to VARCHAR(190) NOT NULL,
    matched BIGINT NOT NULL,
    CONSTRAINT invoice_line_kind CHECK (
        (kind = 'goods' AND product_id IS NOT NULL AND quantity > 0)
        OR (kind IN ('freight', 'duty', 'other') AND product_id IS NULL AND quantity IS NULL)),
    CONSTRAINT invoice_line_spread CHECK (spread IN ('', 'value', 'quantity', 'weight')),
    CONSTRAINT invoice_line_matched CHECK (matched >= 0 AND matched <= COALESCE(quantity, 1)),
    UNIQUE (invoice_id, line)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Units of an invoice's line found in a receipt's.
CREATE TABLE IF NOT EXISTS invoice_matches (
    invoice_line_id BIGINT NOT NULL REFERENCES supplier_invoice_lines (id),
    receipt_line_id BIGINT NOT NULL REFERENCES receipt_lines (id),
    quantity BIGINT NOT NULL,
    billed_minor BIGINT NOT NULL,
    expected_minor BIGINT,
    at BIGINT NOT NULL,
    run VARCHAR(190) NOT NULL,
    PRIMARY KEY (invoice_line_id, receipt_line_id),
    CONSTRAINT invoice_match_quantity CHECK (quantity > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS invoice_matches_by_receipt_line ON invoice_matches (receipt_line_id);

CREATE TABLE IF NOT EXISTS counts (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    scope VARCHAR(190) NOT NULL,
    state VARCHAR(190) NOT NULL,
    started_at BIGINT NOT NULL,
    last_move BIGINT NOT NULL,
    applied_at BIGINT,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT count_state CHECK (state IN ('open', 'applied', 'cancelled'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What lay at a place when the count began, and what a person found there, and when. The
-- lot is named for products whose lots are told apart, else ''.
CREATE TABLE IF NOT EXISTS count_lines (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    count_id BIGINT NOT NULL REFERENCES counts (id),
    location_id BIGINT NOT NULL REFERENCES locations (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    lot VARCHAR(190) NOT NULL,
    snapshot BIGINT NOT NULL,
    counted BIGINT,
    counted_at BIGINT,
    counted_by VARCHAR(190),
    reason VARCHAR(190),
    CONSTRAINT count_line_counted CHECK (counted IS NULL OR counted >= 0),
    UNIQUE (count_id, location_id, product_id, lot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS count_lines_by_product ON count_lines (product_id);

-- Places for what may not be sold.
INSERT INTO locations (code, title, kind, sellable, parent_id)
    SELECT k.code, k.title, k.code, 0, 1
    FROM (SELECT 'quarantine' AS code, 'Not yet inspected' AS title
        UNION ALL SELECT 'returns', 'Came back' UNION ALL SELECT 'damaged', 'Damaged') k
    WHERE NOT EXISTS (SELECT 1 FROM locations l WHERE l.code = k.code);

-- What had left before there were entries is costed by its place in its lot.
INSERT INTO cogs_entries (at, booked_on, kind, lot_id, product_id, first_unit, quantity,
        cost_minor, currency, lot_units, lot_cost, cause, actor, run)
    SELECT m.at, DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL m.at DIV 1000 SECOND), '%Y-%m-%d'),
        CASE WHEN m.reason = 'shipped' THEN 'dispatch' ELSE 'write_off' END,
        m.lot_id, l.product_id, m.upto - m.quantity, m.quantity,
        (2 * COALESCE(c.cost, 0) * m.upto + l.quantity) DIV (2 * l.quantity)
            - (2 * COALESCE(c.cost, 0) * (m.upto - m.quantity) + l.quantity) DIV (2 * l.quantity),
        COALESCE(c.currency, ''), l.quantity - m.upto,
        COALESCE(c.cost, 0) - (2 * COALESCE(c.cost, 0) * m.upto + l.quantity) DIV (2 * l.quantity), m.cause, m.actor, m.run
    FROM (SELECT id, at, lot_id, quantity, reason, cause, actor, run,
            CAST(SUM(quantity) OVER (PARTITION BY lot_id ORDER BY id) AS SIGNED) AS upto
          FROM stock_moves WHERE to_location IS NULL) m
    JOIN lots l ON l.id = m.lot_id
    LEFT JOIN (SELECT lot_id, CAST(SUM(amount_minor) AS SIGNED) AS cost, MAX(currency) AS currency
          FROM lot_costs GROUP BY lot_id) c ON c.lot_id = m.lot_id
    WHERE NOT EXISTS (SELECT 1 FROM cogs_entries e WHERE e.lot_id = m.lot_id AND e.first_unit = m.upto - m.quantity)
    ORDER BY m.id;
