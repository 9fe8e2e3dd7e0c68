-- The stock room: where things lie, what they are bought for, what left at which cost.

-- Nothing above it: a warehouse. Something below it: a zone. Else a bin.
ALTER TABLE locations ADD COLUMN parent_id INTEGER REFERENCES locations (id);

-- Where it is put when nobody says otherwise; from how few units on it is bought again;
-- since when there have been so few.
ALTER TABLE products ADD COLUMN home_location INTEGER REFERENCES locations (id);
ALTER TABLE products ADD COLUMN reorder_point INTEGER;
ALTER TABLE products ADD COLUMN low_since INTEGER;

-- What a lot cost, in the tenant's currency, each component spread over the lot's original
-- quantity. `source_*` is what was paid and in what; `rate` turns that into this.
CREATE TABLE new_lot_costs (
    id INTEGER PRIMARY KEY,
    lot_id INTEGER NOT NULL REFERENCES lots (id),
    component TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    source_minor INTEGER NOT NULL,
    source_currency TEXT NOT NULL,
    rate TEXT,
    rate_source TEXT,
    document TEXT NOT NULL,
    booked_on TEXT NOT NULL,
    at INTEGER NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT lot_cost_component CHECK (component IN (
        'purchase', 'freight', 'duty', 'other', 'adjustment', 'return'))
) STRICT;
INSERT INTO new_lot_costs (id, lot_id, component, amount_minor, currency, source_minor,
        source_currency, document, booked_on, at, run)
    SELECT c.id, c.lot_id, c.component, c.amount_minor, c.currency, c.amount_minor,
        c.currency, COALESCE(l.invoice, ''), l.received_on, c.at, c.run
    FROM lot_costs c JOIN lots l ON l.id = c.lot_id;
DROP TABLE lot_costs;
ALTER TABLE new_lot_costs RENAME TO lot_costs;
CREATE INDEX lot_costs_by_lot ON lot_costs (lot_id, booked_on, amount_minor, currency);

-- What had moved by a day is read from the index alone.
CREATE INDEX stock_moves_by_time ON stock_moves (at, lot_id, from_location, to_location, quantity);

-- Units of one product that a person can tell apart. What befell them is in the events.
CREATE TABLE serials (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products (id),
    serial TEXT NOT NULL,
    lot_id INTEGER NOT NULL REFERENCES lots (id),
    in_house INTEGER NOT NULL,
    CONSTRAINT serial_in_house CHECK (in_house IN (0, 1)),
    UNIQUE (product_id, serial)
) STRICT;
CREATE INDEX serials_by_serial ON serials (serial);
CREATE INDEX serials_by_lot ON serials (lot_id, in_house);

-- Goods of an order that left together. Source `shop`: by the shop's word alone.
CREATE TABLE shipments (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    source TEXT NOT NULL,
    carrier TEXT NOT NULL,
    tracking TEXT NOT NULL,
    shipped_at INTEGER NOT NULL,
    shipped_on TEXT NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT shipment_source CHECK (source IN ('manual', 'shop'))
) STRICT;
CREATE INDEX shipments_by_order ON shipments (order_id);
CREATE INDEX shipments_by_tracking ON shipments (tracking);

CREATE TABLE shipment_items (
    shipment_id INTEGER NOT NULL REFERENCES shipments (id),
    demand_id INTEGER NOT NULL REFERENCES order_demands (id),
    quantity INTEGER NOT NULL,
    PRIMARY KEY (shipment_id, demand_id),
    CONSTRAINT shipment_item_quantity CHECK (quantity > 0)
) STRICT;
CREATE INDEX shipment_items_by_demand ON shipment_items (demand_id);

-- What left the house at which cost: units `first_unit` to `first_unit + quantity` of a
-- lot, each costed once. `late_cost`: the share of units that had left already in a cost
-- that came later. `return`: the cost of what came back, now that of a lot of its own; with
-- no units, its share in a cost that came later still.
-- The totals are those after the entry.
CREATE TABLE cogs_entries (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    booked_on TEXT NOT NULL,
    kind TEXT NOT NULL,
    lot_id INTEGER NOT NULL REFERENCES lots (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    shipment_id INTEGER REFERENCES shipments (id),
    demand_id INTEGER REFERENCES order_demands (id),
    lot_cost_id INTEGER REFERENCES lot_costs (id),
    first_unit INTEGER,
    quantity INTEGER NOT NULL,
    cost_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    lot_units INTEGER NOT NULL,
    lot_cost INTEGER NOT NULL,
    sku_units INTEGER,
    sku_cost INTEGER,
    cause TEXT NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT cogs_kind CHECK (
        (kind IN ('dispatch', 'write_off') AND first_unit >= 0 AND quantity > 0)
        OR (kind = 'late_cost' AND first_unit IS NULL AND quantity = 0 AND lot_cost_id IS NOT NULL)
        OR (kind = 'return' AND first_unit IS NULL AND quantity <= 0)),
    UNIQUE (lot_id, first_unit),
    UNIQUE (lot_cost_id)
) STRICT;
CREATE INDEX cogs_entries_by_demand ON cogs_entries (demand_id);
CREATE INDEX cogs_entries_by_product ON cogs_entries (product_id, id);

-- What is to be done outside, noted before it is done.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    intent TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    answer TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT outbox_state CHECK (
        state IN ('planned', 'calling', 'unknown', 'done', 'failed', 'needs_decision'))
) STRICT;
CREATE INDEX outbox_by_state ON outbox (state, next_at);

CREATE TABLE suppliers (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    lead_days INTEGER NOT NULL,
    email TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT supplier_lead CHECK (lead_days >= 0)
) STRICT;

-- What a supplier sells: its own number for it, and in what packs. The preferred supplier
-- of a product is asked first.
CREATE TABLE supplier_items (
    supplier_id INTEGER NOT NULL REFERENCES suppliers (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    supplier_sku TEXT NOT NULL,
    pack INTEGER NOT NULL,
    minimum INTEGER NOT NULL,
    preferred INTEGER NOT NULL,
    PRIMARY KEY (supplier_id, product_id),
    CONSTRAINT supplier_item_pack CHECK (pack > 0 AND minimum >= 0),
    CONSTRAINT supplier_item_preferred CHECK (preferred IN (0, 1))
) STRICT;
CREATE INDEX supplier_items_by_product ON supplier_items (product_id);

-- What so many units cost at a supplier, and since when.
CREATE TABLE supplier_costs (
    id INTEGER PRIMARY KEY,
    supplier_id INTEGER NOT NULL REFERENCES suppliers (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    noted_on TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    cost_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    source TEXT NOT NULL,
    document TEXT NOT NULL,
    at INTEGER NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT supplier_cost_source CHECK (source IN ('list', 'order', 'receipt', 'invoice')),
    CONSTRAINT supplier_cost_quantity CHECK (quantity > 0 AND cost_minor >= 0)
) STRICT;
CREATE INDEX supplier_costs_by_product ON supplier_costs (product_id, supplier_id, id);

CREATE TABLE purchase_orders (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    supplier_id INTEGER NOT NULL REFERENCES suppliers (id),
    currency TEXT NOT NULL,
    ordered_on TEXT NOT NULL,
    expected_on TEXT NOT NULL,
    note TEXT NOT NULL,
    closed_at INTEGER,
    closed_why TEXT,
    created_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL
) STRICT;

-- What all the units of a line cost is agreed; what some of them cost follows from it.
CREATE TABLE purchase_order_lines (
    id INTEGER PRIMARY KEY,
    po_id INTEGER NOT NULL REFERENCES purchase_orders (id),
    line INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    cost_minor INTEGER,
    received INTEGER NOT NULL,
    expected_on TEXT NOT NULL,
    CONSTRAINT po_line_quantity CHECK (quantity > 0 AND received >= 0),
    UNIQUE (po_id, line)
) STRICT;
CREATE INDEX purchase_order_lines_by_product ON purchase_order_lines (product_id);

-- Goods that came in together from a supplier.
CREATE TABLE receipts (
    id INTEGER PRIMARY KEY,
    supplier_id INTEGER NOT NULL REFERENCES suppliers (id),
    ref TEXT NOT NULL UNIQUE,
    received_on TEXT NOT NULL,
    currency TEXT NOT NULL,
    rate TEXT,
    rate_source TEXT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL
) STRICT;

-- `cost_minor` is what the units are expected to cost, in the receipt's currency.
CREATE TABLE receipt_lines (
    id INTEGER PRIMARY KEY,
    receipt_id INTEGER NOT NULL REFERENCES receipts (id),
    po_line_id INTEGER REFERENCES purchase_order_lines (id),
    lot_id INTEGER NOT NULL UNIQUE REFERENCES lots (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    cost_minor INTEGER,
    invoiced INTEGER NOT NULL,
    CONSTRAINT receipt_line_quantity CHECK (quantity > 0),
    CONSTRAINT receipt_line_invoiced CHECK (invoiced >= 0 AND invoiced <= quantity)
) STRICT;
CREATE INDEX receipt_lines_by_receipt ON receipt_lines (receipt_id);
CREATE INDEX receipt_lines_by_po_line ON receipt_lines (po_line_id);
CREATE INDEX receipt_lines_by_product ON receipt_lines (product_id);

CREATE TABLE supplier_invoices (
    id INTEGER PRIMARY KEY,
    supplier_id INTEGER NOT NULL REFERENCES suppliers (id),
    number TEXT NOT NULL,
    invoiced_on TEXT NOT NULL,
    currency TEXT NOT NULL,
    rate TEXT,
    rate_source TEXT,
    total_minor INTEGER NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT invoice_state CHECK (state IN ('open', 'differs', 'matched')),
    UNIQUE (supplier_id, number)
) STRICT;

-- A line bills goods (a product and units of it) or a charge that is spread over the goods
-- of the purchase orders or receipts it names.
CREATE TABLE supplier_invoice_lines (
    id INTEGER PRIMARY KEY,
    invoice_id INTEGER NOT NULL REFERENCES supplier_invoices (id),
    line INTEGER NOT NULL,
    kind TEXT NOT NULL,
    product_id INTEGER REFERENCES products (id),
    quantity INTEGER,
    total_minor INTEGER NOT NULL,
    spread TEXT NOT NULL,
    applies_to TEXT NOT NULL,
    matched INTEGER NOT NULL,
    CONSTRAINT invoice_line_kind CHECK (
        (kind = 'goods' AND product_id IS NOT NULL AND quantity > 0)
        OR (kind IN ('freight', 'duty', 'other') AND product_id IS NULL AND quantity IS NULL)),
    CONSTRAINT invoice_line_spread CHECK (spread IN ('', 'value', 'quantity', 'weight')),
    CONSTRAINT invoice_line_matched CHECK (matched >= 0 AND matched <= COALESCE(quantity, 1)),
    UNIQUE (invoice_id, line)
) STRICT;

-- Units of an invoice's line found in a receipt's.
CREATE TABLE invoice_matches (
    invoice_line_id INTEGER NOT NULL REFERENCES supplier_invoice_lines (id),
    receipt_line_id INTEGER NOT NULL REFERENCES receipt_lines (id),
    quantity INTEGER NOT NULL,
    billed_minor INTEGER NOT NULL,
    expected_minor INTEGER,
    at INTEGER NOT NULL,
    run TEXT NOT NULL,
    PRIMARY KEY (invoice_line_id, receipt_line_id),
    CONSTRAINT invoice_match_quantity CHECK (quantity > 0)
) STRICT;
CREATE INDEX invoice_matches_by_receipt_line ON invoice_matches (receipt_line_id);

CREATE TABLE counts (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    last_move INTEGER NOT NULL,
    applied_at INTEGER,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT count_state CHECK (state IN ('open', 'applied', 'cancelled'))
) STRICT;

-- What lay at a place when the count began, and what a person found there, and when. The
-- lot is named for products whose lots are told apart, else ''.
CREATE TABLE count_lines (
    id INTEGER PRIMARY KEY,
    count_id INTEGER NOT NULL REFERENCES counts (id),
    location_id INTEGER NOT NULL REFERENCES locations (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    lot TEXT NOT NULL,
    snapshot INTEGER NOT NULL,
    counted INTEGER,
    counted_at INTEGER,
    counted_by TEXT,
    reason TEXT,
    CONSTRAINT count_line_counted CHECK (counted IS NULL OR counted >= 0),
    UNIQUE (count_id, location_id, product_id, lot)
) STRICT;
CREATE INDEX count_lines_by_product ON count_lines (product_id);

-- Places for what may not be sold.
INSERT INTO locations (code, title, kind, sellable, parent_id)
    SELECT k.code, k.title, k.code, 0, 1
    FROM (SELECT 'quarantine' AS code, 'Not yet inspected' AS title
        UNION ALL SELECT 'returns', 'Came back' UNION ALL SELECT 'damaged', 'Damaged') k
    WHERE NOT EXISTS (SELECT 1 FROM locations l WHERE l.code = k.code);

-- What had left before there were entries is costed by its place in its lot.
INSERT INTO cogs_entries (at, booked_on, kind, lot_id, product_id, first_unit, quantity,
        cost_minor, currency, lot_units, lot_cost, cause, actor, run)
    SELECT m.at, date(m.at / 1000, 'unixepoch'),
        CASE WHEN m.reason = 'shipped' THEN 'dispatch' ELSE 'write_off' END,
        m.lot_id, l.product_id, m.upto - m.quantity, m.quantity,
        (2 * COALESCE(c.cost, 0) * m.upto + l.quantity) / (2 * l.quantity)
            - (2 * COALESCE(c.cost, 0) * (m.upto - m.quantity) + l.quantity) / (2 * l.quantity),
        COALESCE(c.currency, ''), l.quantity - m.upto,
        COALESCE(c.cost, 0) - (2 * COALESCE(c.cost, 0) * m.upto + l.quantity) / (2 * l.quantity), m.cause, m.actor, m.run
    FROM (SELECT id, at, lot_id, quantity, reason, cause, actor, run,
            SUM(quantity) OVER (PARTITION BY lot_id ORDER BY id) AS upto
          FROM stock_moves WHERE to_location IS NULL) m
    JOIN lots l ON l.id = m.lot_id
    LEFT JOIN (SELECT lot_id, SUM(amount_minor) AS cost, MAX(currency) AS currency
          FROM lot_costs GROUP BY lot_id) c ON c.lot_id = m.lot_id
    ORDER BY m.id;
