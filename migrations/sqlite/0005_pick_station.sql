-- The pick station: who works there, what they picked for which order, and into which package.

-- Asked for by the customer, and promised to them: what the queue is ordered by.
ALTER TABLE orders ADD COLUMN service TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN promised_on TEXT;

-- What orders are searched by (number, customer, email, in small letters) and products (their
-- titles), and the indexes that keep the office's pages quick: each list is read in its own
-- order, and only as far as it is shown. The search reads its index alone.
ALTER TABLE orders ADD COLUMN search TEXT NOT NULL DEFAULT '';
UPDATE orders SET search = LOWER(SUBSTR(CONCAT(number, ' ', customer, ' ', email), 1, 300))
    WHERE search = '';
CREATE INDEX orders_by_search ON orders (placed_at, id, status, rule, search);
DROP INDEX IF EXISTS orders_by_placed;
CREATE INDEX orders_by_status ON orders (status, placed_at);
CREATE INDEX orders_by_rule ON orders (rule, placed_at);
CREATE INDEX order_lines_by_sku ON order_lines (sku, order_id);
CREATE INDEX order_holds_standing ON order_holds (released_at, order_id);
ALTER TABLE products ADD COLUMN search TEXT
    GENERATED ALWAYS AS (LOWER(SUBSTR(title, 1, 300))) VIRTUAL;
CREATE INDEX products_by_search ON products (sku, search);
CREATE INDEX products_low ON products (low_since, sku);
CREATE INDEX job_runs_by_outcome ON job_runs (job, outcome, id);

-- People. A badge is a key that finds its owner, and a secret that proves it.
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    pin_hash TEXT,
    badge_key TEXT UNIQUE,
    badge_hash TEXT,
    failed_attempts INTEGER NOT NULL,
    locked_until INTEGER,
    disabled_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT user_role CHECK (role IN ('packer', 'manager', 'admin')),
    CONSTRAINT user_badge CHECK ((badge_key IS NULL) = (badge_hash IS NULL))
) STRICT;

-- Browsers that are signed in. The id is a hash of what the browser holds.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id INTEGER REFERENCES users (id),
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- A round through the house for one order or several. Whoever knows the claim holds it.
CREATE TABLE pick_waves (
    id INTEGER PRIMARY KEY,
    claim TEXT NOT NULL UNIQUE,
    packer TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    run TEXT NOT NULL,
    CONSTRAINT wave_state CHECK (state IN ('picking', 'picked', 'released', 'expired'))
) STRICT;
CREATE INDEX pick_waves_by_state ON pick_waves (state, expires_at);

-- One order of a round. `holds` is the order while it is worked on: nobody else can.
-- `packer` has it on the packing bench until `pack_until`.
CREATE TABLE pick_tasks (
    id INTEGER PRIMARY KEY,
    wave_id INTEGER NOT NULL REFERENCES pick_waves (id),
    order_id INTEGER NOT NULL REFERENCES orders (id),
    holds INTEGER UNIQUE,
    tote INTEGER NOT NULL,
    state TEXT NOT NULL,
    packer TEXT,
    pack_until INTEGER,
    packed_at INTEGER,
    shipment_id INTEGER REFERENCES shipments (id),
    CONSTRAINT task_state CHECK (state IN ('picking', 'picked', 'packed', 'shipped', 'released')),
    CONSTRAINT task_holds CHECK (holds IS NULL OR holds = order_id),
    CONSTRAINT task_holds_while_open CHECK ((holds IS NULL) = (state IN ('shipped', 'released'))),
    UNIQUE (wave_id, tote),
    UNIQUE (wave_id, order_id)
) STRICT;
CREATE INDEX pick_tasks_by_order ON pick_tasks (order_id);
CREATE INDEX pick_tasks_by_state ON pick_tasks (state);

-- Units of a demand to be taken at one place; of one lot, where lots are told apart.
CREATE TABLE pick_lines (
    id INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES pick_tasks (id),
    position INTEGER NOT NULL,
    demand_id INTEGER NOT NULL REFERENCES order_demands (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    location_id INTEGER NOT NULL REFERENCES locations (id),
    lot_id INTEGER REFERENCES lots (id),
    quantity INTEGER NOT NULL,
    picked INTEGER NOT NULL,
    short INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    packed INTEGER NOT NULL,
    CONSTRAINT pick_line_quantities CHECK (quantity > 0 AND picked >= 0 AND short >= 0
        AND picked + short <= quantity AND moved >= 0 AND moved <= picked
        AND packed >= 0 AND packed <= picked)
) STRICT;
CREATE INDEX pick_lines_by_task ON pick_lines (task_id);
CREATE INDEX pick_lines_by_demand ON pick_lines (demand_id);
CREATE INDEX pick_lines_by_product ON pick_lines (product_id, location_id);

-- What was scanned, by the id it got where it was scanned: each counts once, and a repeat
-- gets the first answer.
CREATE TABLE pick_scans (
    id TEXT NOT NULL PRIMARY KEY,
    wave_id INTEGER REFERENCES pick_waves (id),
    task_id INTEGER REFERENCES pick_tasks (id),
    line_id INTEGER REFERENCES pick_lines (id),
    kind TEXT NOT NULL,
    units INTEGER NOT NULL,
    code TEXT NOT NULL,
    scanned_at INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    answer TEXT NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT scan_kind CHECK (kind IN ('pick', 'undo', 'short', 'pack', 'unpack', 'swap'))
) STRICT;
CREATE INDEX pick_scans_by_wave ON pick_scans (wave_id);
CREATE INDEX pick_scans_by_task ON pick_scans (task_id);

-- What goes out in one box.
CREATE TABLE packages (
    id INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES pick_tasks (id),
    number INTEGER NOT NULL,
    box TEXT NOT NULL,
    weight_g INTEGER,
    length_mm INTEGER,
    width_mm INTEGER,
    height_mm INTEGER,
    closed_at INTEGER,
    shipment_id INTEGER REFERENCES shipments (id),
    created_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT package_measures CHECK (COALESCE(weight_g, 1) > 0 AND COALESCE(length_mm, 1) > 0
        AND COALESCE(width_mm, 1) > 0 AND COALESCE(height_mm, 1) > 0),
    UNIQUE (task_id, number)
) STRICT;
CREATE INDEX packages_by_shipment ON packages (shipment_id);

-- `lot_id` where lots are told apart: the lot that was packed.
CREATE TABLE package_items (
    id INTEGER PRIMARY KEY,
    package_id INTEGER NOT NULL REFERENCES packages (id),
    line_id INTEGER NOT NULL REFERENCES pick_lines (id),
    lot_id INTEGER REFERENCES lots (id),
    quantity INTEGER NOT NULL,
    CONSTRAINT package_item_quantity CHECK (quantity > 0)
) STRICT;
CREATE INDEX package_items_by_package ON package_items (package_id);
CREATE INDEX package_items_by_line ON package_items (line_id);

-- `holds` is the serial while it lies packed and has not left: it lies in one package.
CREATE TABLE package_serials (
    id INTEGER PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES package_items (id),
    serial_id INTEGER NOT NULL REFERENCES serials (id),
    holds INTEGER UNIQUE,
    CONSTRAINT package_serial_holds CHECK (holds IS NULL OR holds = serial_id),
    UNIQUE (item_id, serial_id)
) STRICT;
CREATE INDEX package_serials_by_serial ON package_serials (serial_id);

-- What was not as the books have it, until a person has settled it.
CREATE TABLE discrepancies (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products (id),
    location_id INTEGER REFERENCES locations (id),
    lot_id INTEGER REFERENCES lots (id),
    order_id INTEGER REFERENCES orders (id),
    line_id INTEGER REFERENCES pick_lines (id),
    expected INTEGER NOT NULL,
    found INTEGER NOT NULL,
    reason TEXT NOT NULL,
    count_id INTEGER REFERENCES counts (id),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    settled_at INTEGER,
    settled_by TEXT,
    settled_how TEXT,
    CONSTRAINT discrepancy_kind CHECK (kind IN ('short_pick', 'serial_lot', 'found_more')),
    CONSTRAINT discrepancy_settled CHECK ((settled_at IS NULL) = (settled_by IS NULL))
) STRICT;
CREATE INDEX discrepancies_open ON discrepancies (settled_at, id);
CREATE INDEX discrepancies_by_product ON discrepancies (product_id);

-- Where picked goods wait for their package; where units are until somebody has looked.
INSERT INTO locations (code, title, kind, sellable, parent_id)
    SELECT 'packing', 'Packing bench', 'sellable', 1, 1
    WHERE NOT EXISTS (SELECT 1 FROM locations l WHERE l.code = 'packing');
INSERT INTO locations (code, title, kind, sellable, parent_id)
    SELECT 'missing', 'Not found where it should lie', 'missing', 0, 1
    WHERE NOT EXISTS (SELECT 1 FROM locations l WHERE l.code = 'missing');
