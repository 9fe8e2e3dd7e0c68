-- The pick station: who works there, what they picked for which order, and into which package.
-- Each statement may run again: MariaDB commits every one of them by itself.

-- Asked for by the customer, and promised to them: what the queue is ordered by.
ALTER TABLE orders ADD COLUMN IF NOT EXISTS service VARCHAR(190) NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN IF NOT EXISTS promised_on VARCHAR(190);

-- What orders are searched by (number, customer, email, in small letters) and products (their
-- titles), and the indexes that keep the office's pages quick: each list is read in its own
-- order, and only as far as it is shown. The search reads its index alone; as bytes, in half the time.
ALTER TABLE orders ADD COLUMN IF NOT EXISTS search VARBINARY(1200) NOT NULL DEFAULT '';
UPDATE orders SET search = LOWER(SUBSTR(CONCAT(number, ' ', customer, ' ', email), 1, 300))
    WHERE search = '';
CREATE INDEX IF NOT EXISTS orders_by_search ON orders (placed_at, id, status, rule, search);
DROP INDEX IF EXISTS orders_by_placed ON orders;
CREATE INDEX IF NOT EXISTS orders_by_status ON orders (status, placed_at);
CREATE INDEX IF NOT EXISTS orders_by_rule ON orders (rule, placed_at);
CREATE INDEX IF NOT EXISTS order_lines_by_sku ON order_lines (sku, order_id);
CREATE INDEX IF NOT EXISTS order_holds_standing ON order_holds (released_at, order_id);
ALTER TABLE products ADD COLUMN IF NOT EXISTS search VARBINARY(1200)
    GENERATED ALWAYS AS (LOWER(SUBSTR(title, 1, 300))) STORED;
CREATE INDEX IF NOT EXISTS products_by_search ON products (sku, search);
CREATE INDEX IF NOT EXISTS products_low ON products (low_since, sku);
CREATE INDEX IF NOT EXISTS job_runs_by_outcome ON job_runs (job, outcome, id);

-- People. A badge is a key that finds its owner, and a secret that proves it.
CREATE TABLE IF NOT EXISTS users (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(190) NOT NULL UNIQUE,
    display_name VARCHAR(190) NOT NULL,
    role VARCHAR(190) NOT NULL,
    password_hash VARCHAR(400) NOT NULL,
    pin_hash VARCHAR(400),
    badge_key VARCHAR(190) UNIQUE,
    badge_hash VARCHAR(400),
    failed_attempts BIGINT NOT NULL,
    locked_until BIGINT,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT user_role CHECK (role IN ('packer', 'manager', 'admin')),
    CONSTRAINT user_badge CHECK ((badge_key IS NULL) = (badge_hash IS NULL))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Browsers that are signed in. The id is a hash of what the browser holds.
CREATE TABLE IF NOT EXISTS sessions (
    id VARCHAR(190) NOT NULL PRIMARY KEY,
    user_id BIGINT REFERENCES users (id),
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id);
CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (expires_at);

-- A round through the house for one order or several. Whoever knows the claim holds it.
CREATE TABLE IF NOT EXISTS pick_waves (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    claim VARCHAR(190) NOT NULL UNIQUE,
    packer VARCHAR(190) NOT NULL,
    state VARCHAR(190) NOT NULL,
    started_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT wave_state CHECK (state IN ('picking', 'picked', 'released', 'expired'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS pick_waves_by_state ON pick_waves (state, expires_at);

-- One order of a round. `holds` is the order while it is worked on: nobody else can.
-- `packer` has it on the packing bench until `pack_until`.
CREATE TABLE IF NOT EXISTS pick_tasks (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    wave_id BIGINT NOT NULL REFERENCES pick_waves (id),
    order_id BIGINT NOT NULL REFERENCES orders (id),
    holds BIGINT UNIQUE,
    tote BIGINT NOT NULL,
    state VARCHAR(190) NOT NULL,
    packer VARCHAR(190),
    pack_until BIGINT,
    packed_at BIGINT,
    shipment_id BIGINT REFERENCES shipments (id),
    CONSTRAINT task_state CHECK (state IN ('picking', 'picked', 'packed', 'shipped', 'released')),
    CONSTRAINT task_holds CHECK (holds IS NULL OR holds = order_id),
    CONSTRAINT task_holds_while_open CHECK ((holds IS NULL) = (state IN ('shipped', 'released'))),
    UNIQUE (wave_id, tote),
    UNIQUE (wave_id, order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS pick_tasks_by_order ON pick_tasks (order_id);
CREATE INDEX IF NOT EXISTS pick_tasks_by_state ON pick_tasks (state);

-- Units of a demand to be taken at one place; of one lot, where lots are told apart.
CREATE TABLE IF NOT EXISTS pick_lines (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    task_id BIGINT NOT NULL REFERENCES pick_tasks (id),
    position BIGINT NOT NULL,
    demand_id BIGINT NOT NULL REFERENCES order_demands (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    location_id BIGINT NOT NULL REFERENCES locations (id),
    lot_id BIGINT REFERENCES lots (id),
    quantity BIGINT NOT NULL,
    picked BIGINT NOT NULL,
    short BIGINT NOT NULL,
    moved BIGINT NOT NULL,
    packed BIGINT NOT NULL,
    CONSTRAINT pick_line_quantities CHECK (quantity > 0 AND picked >= 0 AND short >= 0
        AND picked + short <= quantity AND moved >= 0 AND moved <= picked
        AND packed >= 0 AND packed <= picked)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS pick_lines_by_task ON pick_lines (task_id);
CREATE INDEX IF NOT EXISTS pick_lines_by_demand ON pick_lines (demand_id);
CREATE INDEX IF NOT EXISTS pick_lines_by_product ON pick_lines (product_id, location_id);

-- What was scanned, by the id it got where it was scanned: each counts once, and a repeat
-- gets the first answer.
CREATE TABLE IF NOT EXISTS pick_scans (
    id VARCHAR(190) NOT NULL PRIMARY KEY,
    wave_id BIGINT REFERENCES pick_waves (id),
    task_id BIGINT REFERENCES pick_tasks (id),
    line_id BIGINT REFERENCES pick_lines (id),
    kind VARCHAR(190) NOT NULL,
    units BIGINT NOT NULL,
    code VARCHAR(400) NOT NULL,
    scanned_at BIGINT NOT NULL,
    stored_at BIGINT NOT NULL,
    answer TEXT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT scan_kind CHECK (kind IN ('pick', 'undo', 'short', 'pack', 'unpack', 'swap'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS pick_scans_by_wave ON pick_scans (wave_id);
CREATE INDEX IF NOT EXISTS pick_scans_by_task ON pick_scans (task_id);

-- What goes out in one box.
CREATE TABLE IF NOT EXISTS packages (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    task_id BIGINT NOT NULL REFERENCES pick_tasks (id),
    number BIGINT NOT NULL,
    box VARCHAR(190) NOT NULL,
    weight_g BIGINT,
    length_mm BIGINT,
    width_mm BIGINT,
    height_mm BIGINT,
    closed_at BIGINT,
    shipment_id BIGINT REFERENCES shipments (id),
    created_at BIGINT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT package_measures CHECK (COALESCE(weight_g, 1) > 0 AND COALESCE(length_mm, 1) > 0
        AND COALESCE(width_mm, 1) > 0 AND COALESCE(height_mm, 1) > 0),
    UNIQUE (task_id, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS packages_by_shipment ON packages (shipment_id);

-- `lot_id` where lots are told apart: the lot that was packed.
CREATE TABLE IF NOT EXISTS package_items (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    package_id BIGINT NOT NULL REFERENCES packages (id),
    line_id BIGINT NOT NULL REFERENCES pick_lines (id),
    lot_id BIGINT REFERENCES lots (id),
    quantity BIGINT NOT NULL,
    CONSTRAINT package_item_quantity CHECK (quantity > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS package_items_by_package ON package_items (package_id);
CREATE INDEX IF NOT EXISTS package_items_by_line ON package_items (line_id);

-- `holds` is the serial while it lies packed and has not left: it lies in one package.
CREATE TABLE IF NOT EXISTS package_serials (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    item_id BIGINT NOT NULL REFERENCES package_items (id),
    serial_id BIGINT NOT NULL REFERENCES serials (id),
    holds BIGINT UNIQUE,
    CONSTRAINT package_serial_holds CHECK (holds IS NULL OR holds = serial_id),
    UNIQUE (item_id, serial_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS package_serials_by_serial ON package_serials (serial_id);

-- What was not as the books have it, until a person has settled it.
CREATE TABLE IF NOT EXISTS discrepancies (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    kind VARCHAR(190) NOT NULL,
    product_id BIGINT NOT NULL REFERENCES products (id),
    location_id BIGINT REFERENCES locations (id),
    lot_id BIGINT REFERENCES lots (id),
    order_id BIGINT REFERENCES orders (id),
    line_id BIGINT REFERENCES pick_lines (id),
    expected BIGINT NOT NULL,
    found BIGINT NOT NULL,
    reason VARCHAR(400) NOT NULL,
    count_id BIGINT REFERENCES counts (id),
    at BIGINT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    settled_at BIGINT,
    settled_by VARCHAR(190),
    settled_how VARCHAR(400),
    CONSTRAINT discrepancy_kind CHECK (kind IN ('short_pick', 'serial_lot', 'found_more')),
    CONSTRAINT discrepancy_settled CHECK ((settled_at IS NULL) = (settled_by IS NULL))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS discrepancies_open ON discrepancies (settled_at, id);
CREATE INDEX IF NOT EXISTS discrepancies_by_product ON discrepancies (product_id);

-- Where picked goods wait for their package; where units are until somebody has looked.
INSERT INTO locations (code, title, kind, sellable, parent_id)
    SELECT 'packing', 'Packing bench', 'sellable', 1, 1
    WHERE NOT EXISTS (SELECT 1 FROM locations l WHERE l.code = 'packing');
INSERT INTO locations (code, title, kind, sellable, parent_id)
    SELECT 'missing', 'Not found where it should lie', 'missing', 0, 1
    WHERE NOT EXISTS (SELECT 1 FROM locations l WHERE l.code = 'missing');
