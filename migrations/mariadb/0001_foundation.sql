-- The foundation: catalogue, stock as a ledger, orders, reservations, and who did what.
-- Each statement may run again: MariaDB commits every one of them by itself.

-- Whose database this is.
CREATE TABLE IF NOT EXISTS instance (
    id BIGINT PRIMARY KEY,
    uuid VARCHAR(190) NOT NULL,
    tenant VARCHAR(190) NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT instance_is_one CHECK (id = 1)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Each run of a job: who, when, how it ended, what it reported.
CREATE TABLE IF NOT EXISTS job_runs (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    run VARCHAR(190) NOT NULL UNIQUE,
    job VARCHAR(190) NOT NULL,
    actor VARCHAR(190) NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    outcome VARCHAR(190),
    report LONGTEXT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS job_runs_by_job ON job_runs (job, id);

-- What happened, append-only. Ids may commit out of order.
CREATE TABLE IF NOT EXISTS events (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    at BIGINT NOT NULL,
    run VARCHAR(190) NOT NULL,
    actor VARCHAR(190) NOT NULL,
    kind VARCHAR(190) NOT NULL,
    version BIGINT NOT NULL,
    subject VARCHAR(190) NOT NULL,
    payload LONGTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS events_by_subject ON events (subject, id);

-- Additive commands that have been carried out: a repeat of the reference is not applied.
CREATE TABLE IF NOT EXISTS applied_refs (
    ref VARCHAR(190) NOT NULL PRIMARY KEY,
    kind VARCHAR(190) NOT NULL,
    at BIGINT NOT NULL,
    run VARCHAR(190) NOT NULL,
    actor VARCHAR(190) NOT NULL,
    summary LONGTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS channel_accounts (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(190) NOT NULL UNIQUE,
    kind VARCHAR(190) NOT NULL,
    url LONGTEXT NOT NULL,
    opened_at BIGINT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Up to where a stream of a channel has been read, by the channel's clock.
CREATE TABLE IF NOT EXISTS sync_cursors (
    account_id BIGINT NOT NULL REFERENCES channel_accounts (id),
    stream VARCHAR(190) NOT NULL,
    position BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, stream)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Single items that could not be taken in, read again by the next run.
CREATE TABLE IF NOT EXISTS sync_retries (
    account_id BIGINT NOT NULL REFERENCES channel_accounts (id),
    stream VARCHAR(190) NOT NULL,
    external_id VARCHAR(190) NOT NULL,
    reason LONGTEXT NOT NULL,
    attempts BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, stream, external_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- `stocked` 0: no stock is kept, and its orders wait for none.
CREATE TABLE IF NOT EXISTS products (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    sku VARCHAR(190) NOT NULL UNIQUE,
    title LONGTEXT NOT NULL,
    brand VARCHAR(190),
    weight_g BIGINT,
    length_mm BIGINT,
    width_mm BIGINT,
    height_mm BIGINT,
    tracking VARCHAR(190) NOT NULL,
    origin_country VARCHAR(190),
    hs_code VARCHAR(190),
    buffer BIGINT,
    stocked TINYINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT product_tracking CHECK (tracking IN ('none', 'lot', 'serial')),
    CONSTRAINT product_stocked CHECK (stocked IN (0, 1)),
    CONSTRAINT product_measures CHECK (
        COALESCE(weight_g, 0) >= 0 AND COALESCE(length_mm, 0) >= 0
        AND COALESCE(width_mm, 0) >= 0 AND COALESCE(height_mm, 0) >= 0
        AND COALESCE(buffer, 0) >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- A code may stand on two products of an untidy shop; a scan then shows both.
CREATE TABLE IF NOT EXISTS gtins (
    gtin14 VARCHAR(190) NOT NULL,
    product_id BIGINT NOT NULL REFERENCES products (id),
    units_per_scan BIGINT NOT NULL,
    source VARCHAR(190) NOT NULL,
    PRIMARY KEY (gtin14, product_id),
    CONSTRAINT gtin_units CHECK (units_per_scan > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS gtins_by_product ON gtins (product_id);

-- What a kit consists of now; what an order took is frozen in its demands. Source
-- 'shop': a variation that draws on its parent's stock.
CREATE TABLE IF NOT EXISTS kit_components (
    kit_id BIGINT NOT NULL REFERENCES products (id),
    component_id BIGINT NOT NULL REFERENCES products (id),
    quantity BIGINT NOT NULL,
    source VARCHAR(190) NOT NULL,
    PRIMARY KEY (kit_id, component_id),
    CONSTRAINT kit_quantity CHECK (quantity > 0),
    CONSTRAINT kit_not_itself CHECK (kit_id <> component_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS kit_components_by_component ON kit_components (component_id);

-- An item as a channel lists it. `stock`: managed, parent, unmanaged.
CREATE TABLE IF NOT EXISTS listings (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES channel_accounts (id),
    external_id VARCHAR(190) NOT NULL,
    parent_external_id VARCHAR(190),
    kind VARCHAR(190) NOT NULL,
    product_id BIGINT REFERENCES products (id),
    status VARCHAR(190) NOT NULL,
    stock VARCHAR(190) NOT NULL,
    fingerprint VARCHAR(190) NOT NULL,
    seen_qty BIGINT,
    seen_at BIGINT NOT NULL,
    pushed_qty BIGINT,
    pushed_at BIGINT,
    push_error LONGTEXT,
    gone_at BIGINT,
    CONSTRAINT listing_stock CHECK (stock IN ('managed', 'parent', 'unmanaged')),
    UNIQUE (account_id, external_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS listings_by_product ON listings (product_id);

CREATE TABLE IF NOT EXISTS locations (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    code VARCHAR(190) NOT NULL UNIQUE,
    title LONGTEXT NOT NULL,
    kind VARCHAR(190) NOT NULL,
    sellable TINYINT NOT NULL,
    CONSTRAINT location_sellable CHECK (sellable IN (0, 1))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- A delivery of one product at one cost: a cost layer. What it cost is in lot_costs.
CREATE TABLE IF NOT EXISTS lots (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    product_id BIGINT NOT NULL REFERENCES products (id),
    code VARCHAR(190) NOT NULL,
    received_on VARCHAR(190) NOT NULL,
    quantity BIGINT NOT NULL,
    supplier VARCHAR(190),
    invoice VARCHAR(190),
    parent_lot BIGINT REFERENCES lots (id),
    created_at BIGINT NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT lot_quantity CHECK (quantity > 0),
    UNIQUE (product_id, code),
    UNIQUE (id, product_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS lot_costs (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    lot_id BIGINT NOT NULL REFERENCES lots (id),
    component VARCHAR(190) NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(190) NOT NULL,
    at BIGINT NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT lot_cost_component CHECK (component IN ('purchase', 'freight', 'duty', 'adjustment'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS lot_costs_by_lot ON lot_costs (lot_id);

-- What of a lot lies where, and how much of it is promised.
CREATE TABLE IF NOT EXISTS balances (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    lot_id BIGINT NOT NULL,
    location_id BIGINT NOT NULL REFERENCES locations (id),
    product_id BIGINT NOT NULL,
    on_hand BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    free BIGINT GENERATED ALWAYS AS (on_hand - reserved) STORED,
    CONSTRAINT balance_promises_what_is_there CHECK (reserved >= 0 AND reserved <= on_hand),
    UNIQUE (lot_id, location_id),
    FOREIGN KEY (lot_id, product_id) REFERENCES lots (id, product_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS balances_by_product ON balances (product_id, free);

-- Each change of stock. What is on hand is their sum.
CREATE TABLE IF NOT EXISTS stock_moves (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    at BIGINT NOT NULL,
    lot_id BIGINT NOT NULL REFERENCES lots (id),
    from_location BIGINT REFERENCES locations (id),
    to_location BIGINT REFERENCES locations (id),
    quantity BIGINT NOT NULL,
    reason VARCHAR(190) NOT NULL,
    cause VARCHAR(190) NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT move_quantity CHECK (quantity > 0),
    CONSTRAINT move_goes_somewhere CHECK (from_location IS NOT NULL OR to_location IS NOT NULL)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS stock_moves_by_lot ON stock_moves (lot_id);

CREATE TABLE IF NOT EXISTS orders (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES channel_accounts (id),
    external_id VARCHAR(190) NOT NULL,
    number VARCHAR(190) NOT NULL,
    status VARCHAR(190) NOT NULL,
    rule VARCHAR(190) NOT NULL,
    currency VARCHAR(190) NOT NULL,
    placed_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    completed_at BIGINT,
    customer LONGTEXT NOT NULL,
    email LONGTEXT NOT NULL,
    ship_to LONGTEXT NOT NULL,
    note LONGTEXT NOT NULL,
    terms LONGTEXT NOT NULL,
    po_number LONGTEXT NOT NULL,
    shipping_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    fingerprint VARCHAR(190) NOT NULL,
    taken_in_at BIGINT NOT NULL,
    gone_at BIGINT,
    CONSTRAINT order_rule CHECK (rule IN ('ship', 'reserve', 'none', 'shipped', 'closed', 'unknown')),
    UNIQUE (account_id, external_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS orders_by_number ON orders (number);
CREATE INDEX IF NOT EXISTS orders_by_placed ON orders (placed_at);

CREATE TABLE IF NOT EXISTS order_lines (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    external_id VARCHAR(190) NOT NULL,
    item_external_id VARCHAR(190),
    product_id BIGINT REFERENCES products (id),
    sku VARCHAR(190) NOT NULL,
    title LONGTEXT NOT NULL,
    quantity BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    CONSTRAINT line_quantities CHECK (quantity >= 0 AND refunded >= 0),
    UNIQUE (order_id, external_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What an order line wants of each product: its own, or a kit's components.
CREATE TABLE IF NOT EXISTS order_demands (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    line_id BIGINT NOT NULL REFERENCES order_lines (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    per_kit BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    shipped BIGINT NOT NULL,
    open BIGINT GENERATED ALWAYS AS (quantity - reserved - shipped) STORED,
    CONSTRAINT demand_per_kit CHECK (per_kit > 0),
    CONSTRAINT demand_never_overserved CHECK (
        reserved >= 0 AND shipped >= 0 AND reserved + shipped <= quantity),
    UNIQUE (line_id, product_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS order_demands_open ON order_demands (open, product_id);

-- Units of a balance promised to a demand.
CREATE TABLE IF NOT EXISTS reservations (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    demand_id BIGINT NOT NULL REFERENCES order_demands (id),
    balance_id BIGINT NOT NULL REFERENCES balances (id),
    quantity BIGINT NOT NULL,
    at BIGINT NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT reservation_quantity CHECK (quantity > 0),
    UNIQUE (demand_id, balance_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS reservations_by_balance ON reservations (balance_id);

CREATE TABLE IF NOT EXISTS payments (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    external_id VARCHAR(190) NOT NULL,
    method VARCHAR(190) NOT NULL,
    amount_minor BIGINT NOT NULL,
    paid_at BIGINT NOT NULL,
    UNIQUE (order_id, external_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS order_refunds (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    external_id VARCHAR(190) NOT NULL,
    amount_minor BIGINT NOT NULL,
    reason LONGTEXT NOT NULL,
    refunded_at BIGINT NOT NULL,
    gone_at BIGINT,
    UNIQUE (order_id, external_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS order_refund_lines (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    refund_id BIGINT NOT NULL REFERENCES order_refunds (id),
    line_external_id VARCHAR(190) NOT NULL,
    quantity BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    CONSTRAINT refund_line_quantity CHECK (quantity >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS order_refund_lines_by_refund ON order_refund_lines (refund_id);

-- What keeps an order from being shipped; reserving goes on.
CREATE TABLE IF NOT EXISTS order_holds (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    kind VARCHAR(190) NOT NULL,
    reason LONGTEXT NOT NULL,
    since BIGINT NOT NULL,
    released_at BIGINT,
    CONSTRAINT hold_kind CHECK (kind IN ('payment', 'address', 'fraud', 'manual'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS order_holds_by_order ON order_holds (order_id);

INSERT INTO locations (id, code, title, kind, sellable) SELECT 1, 'main', 'Warehouse', 'sellable', 1
WHERE NOT EXISTS (SELECT 1 FROM locations WHERE id = 1);
