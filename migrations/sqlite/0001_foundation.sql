-- The foundation: catalogue, stock as a ledger, orders, reservations, and who did what.

-- Whose database this is.
CREATE TABLE instance (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL,
    tenant TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT instance_is_one CHECK (id = 1)
) STRICT;

-- Each run of a job: who, when, how it ended, what it reported.
CREATE TABLE job_runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL,
    actor TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    outcome TEXT,
    report TEXT
) STRICT;
CREATE INDEX job_runs_by_job ON job_runs (job, id);

-- What happened, append-only. Ids may commit out of order.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    run TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_subject ON events (subject, id);

-- Additive commands that have been carried out: a repeat of the reference is not applied.
CREATE TABLE applied_refs (
    ref TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    run TEXT NOT NULL,
    actor TEXT NOT NULL,
    summary TEXT NOT NULL
) STRICT;

CREATE TABLE channel_accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    opened_at INTEGER
) STRICT;

-- Up to where a stream of a channel has been read, by the channel's clock.
CREATE TABLE sync_cursors (
    account_id INTEGER NOT NULL REFERENCES channel_accounts (id),
    stream TEXT NOT NULL,
    position INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, stream)
) STRICT;

-- Single items that could not be taken in, read again by the next run.
CREATE TABLE sync_retries (
    account_id INTEGER NOT NULL REFERENCES channel_accounts (id),
    stream TEXT NOT NULL,
    external_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, stream, external_id)
) STRICT;

-- `stocked` 0: no stock is kept, and its orders wait for none.
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    sku TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    brand TEXT,
    weight_g INTEGER,
    length_mm INTEGER,
    width_mm INTEGER,
    height_mm INTEGER,
    tracking TEXT NOT NULL,
    origin_country TEXT,
    hs_code TEXT,
    buffer INTEGER,
    stocked INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT product_tracking CHECK (tracking IN ('none', 'lot', 'serial')),
    CONSTRAINT product_stocked CHECK (stocked IN (0, 1)),
    CONSTRAINT product_measures CHECK (
        COALESCE(weight_g, 0) >= 0 AND COALESCE(length_mm, 0) >= 0
        AND COALESCE(width_mm, 0) >= 0 AND COALESCE(height_mm, 0) >= 0
        AND COALESCE(buffer, 0) >= 0)
) STRICT;

-- A code may stand on two products of an untidy shop; a scan then shows both.
CREATE TABLE gtins (
    gtin14 TEXT NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products (id),
    units_per_scan INTEGER NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (gtin14, product_id),
    CONSTRAINT gtin_units CHECK (units_per_scan > 0)
) STRICT;
CREATE INDEX gtins_by_product ON gtins (product_id);

-- What a kit consists of now; what an order took is frozen in its demands. Source
-- 'shop': a variation that draws on its parent's stock.
CREATE TABLE kit_components (
    kit_id INTEGER NOT NULL REFERENCES products (id),
    component_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (kit_id, component_id),
    CONSTRAINT kit_quantity CHECK (quantity > 0),
    CONSTRAINT kit_not_itself CHECK (kit_id <> component_id)
) STRICT;
CREATE INDEX kit_components_by_component ON kit_components (component_id);

-- An item as a channel lists it. `stock`: managed, parent, unmanaged.
CREATE TABLE listings (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES channel_accounts (id),
    external_id TEXT NOT NULL,
    parent_external_id TEXT,
    kind TEXT NOT NULL,
    product_id INTEGER REFERENCES products (id),
    status TEXT NOT NULL,
    stock TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    seen_qty INTEGER,
    seen_at INTEGER NOT NULL,
    pushed_qty INTEGER,
    pushed_at INTEGER,
    push_error TEXT,
    gone_at INTEGER,
    CONSTRAINT listing_stock CHECK (stock IN ('managed', 'parent', 'unmanaged')),
    UNIQUE (account_id, external_id)
) STRICT;
CREATE INDEX listings_by_product ON listings (product_id);

CREATE TABLE locations (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    sellable INTEGER NOT NULL,
    CONSTRAINT location_sellable CHECK (sellable IN (0, 1))
) STRICT;

-- A delivery of one product at one cost: a cost layer. What it cost is in lot_costs.
CREATE TABLE lots (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products (id),
    code TEXT NOT NULL,
    received_on TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    supplier TEXT,
    invoice TEXT,
    parent_lot INTEGER REFERENCES lots (id),
    created_at INTEGER NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT lot_quantity CHECK (quantity > 0),
    UNIQUE (product_id, code),
    UNIQUE (id, product_id)
) STRICT;

CREATE TABLE lot_costs (
    id INTEGER PRIMARY KEY,
    lot_id INTEGER NOT NULL REFERENCES lots (id),
    component TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    at INTEGER NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT lot_cost_component CHECK (component IN ('purchase', 'freight', 'duty', 'adjustment'))
) STRICT;
CREATE INDEX lot_costs_by_lot ON lot_costs (lot_id);

-- What of a lot lies where, and how much of it is promised.
CREATE TABLE balances (
    id INTEGER PRIMARY KEY,
    lot_id INTEGER NOT NULL,
    location_id INTEGER NOT NULL REFERENCES locations (id),
    product_id INTEGER NOT NULL,
    on_hand INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    free INTEGER GENERATED ALWAYS AS (on_hand - reserved) STORED,
    CONSTRAINT balance_promises_what_is_there CHECK (reserved >= 0 AND reserved <= on_hand),
    UNIQUE (lot_id, location_id),
    FOREIGN KEY (lot_id, product_id) REFERENCES lots (id, product_id)
) STRICT;
CREATE INDEX balances_by_product ON balances (product_id, free);

-- Each change of stock. What is on hand is their sum.
CREATE TABLE stock_moves (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    lot_id INTEGER NOT NULL REFERENCES lots (id),
    from_location INTEGER REFERENCES locations (id),
    to_location INTEGER REFERENCES locations (id),
    quantity INTEGER NOT NULL,
    reason TEXT NOT NULL,
    cause TEXT NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT move_quantity CHECK (quantity > 0),
    CONSTRAINT move_goes_somewhere CHECK (from_location IS NOT NULL OR to_location IS NOT NULL)
) STRICT;
CREATE INDEX stock_moves_by_lot ON stock_moves (lot_id);

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES channel_accounts (id),
    external_id TEXT NOT NULL,
    number TEXT NOT NULL,
    status TEXT NOT NULL,
    rule TEXT NOT NULL,
    currency TEXT NOT NULL,
    placed_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    completed_at INTEGER,
    customer TEXT NOT NULL,
    email TEXT NOT NULL,
    ship_to TEXT NOT NULL,
    note TEXT NOT NULL,
    terms TEXT NOT NULL,
    po_number TEXT NOT NULL,
    shipping_minor INTEGER NOT NULL,
    tax_minor INTEGER NOT NULL,
    total_minor INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    taken_in_at INTEGER NOT NULL,
    gone_at INTEGER,
    CONSTRAINT order_rule CHECK (rule IN ('ship', 'reserve', 'none', 'shipped', 'closed', 'unknown')),
    UNIQUE (account_id, external_id)
) STRICT;
CREATE INDEX orders_by_number ON orders (number);
CREATE INDEX orders_by_placed ON orders (placed_at);

CREATE TABLE order_lines (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    external_id TEXT NOT NULL,
    item_external_id TEXT,
    product_id INTEGER REFERENCES products (id),
    sku TEXT NOT NULL,
    title TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    total_minor INTEGER NOT NULL,
    tax_minor INTEGER NOT NULL,
    CONSTRAINT line_quantities CHECK (quantity >= 0 AND refunded >= 0),
    UNIQUE (order_id, external_id)
) STRICT;

-- What an order line wants of each product: its own, or a kit's components.
CREATE TABLE order_demands (
    id INTEGER PRIMARY KEY,
    line_id INTEGER NOT NULL REFERENCES order_lines (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    per_kit INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    shipped INTEGER NOT NULL,
    open INTEGER GENERATED ALWAYS AS (quantity - reserved - shipped) STORED,
    CONSTRAINT demand_per_kit CHECK (per_kit > 0),
    CONSTRAINT demand_never_overserved CHECK (
        reserved >= 0 AND shipped >= 0 AND reserved + shipped <= quantity),
    UNIQUE (line_id, product_id)
) STRICT;
CREATE INDEX order_demands_open ON order_demands (open, product_id);

-- Units of a balance promised to a demand.
CREATE TABLE reservations (
    id INTEGER PRIMARY KEY,
    demand_id INTEGER NOT NULL REFERENCES order_demands (id),
    balance_id INTEGER NOT NULL REFERENCES balances (id),
    quantity INTEGER NOT NULL,
    at INTEGER NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT reservation_quantity CHECK (quantity > 0),
    UNIQUE (demand_id, balance_id)
) STRICT;
CREATE INDEX reservations_by_balance ON reservations (balance_id);

CREATE TABLE payments (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    external_id TEXT NOT NULL,
    method TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    paid_at INTEGER NOT NULL,
    UNIQUE (order_id, external_id)
) STRICT;

CREATE TABLE order_refunds (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    external_id TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    reason TEXT NOT NULL,
    refunded_at INTEGER NOT NULL,
    gone_at INTEGER,
    UNIQUE (order_id, external_id)
) STRICT;

CREATE TABLE order_refund_lines (
    id INTEGER PRIMARY KEY,
    refund_id INTEGER NOT NULL REFERENCES order_refunds (id),
    line_external_id TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    CONSTRAINT refund_line_quantity CHECK (quantity >= 0)
) STRICT;
CREATE INDEX order_refund_lines_by_refund ON order_refund_lines (refund_id);

-- What keeps an order from being shipped; reserving goes on.
CREATE TABLE order_holds (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    released_at INTEGER,
    CONSTRAINT hold_kind CHECK (kind IN ('payment', 'address', 'fraud', 'manual'))
) STRICT;
CREATE INDEX order_holds_by_order ON order_holds (order_id);

INSERT INTO locations (id, code, title, kind, sellable) VALUES (1, 'main', 'Warehouse', 'sellable', 1);
