-- Shipping: what carriers are asked to carry, documents, printing, and where parcels are.
-- Each statement may run again: MariaDB commits every one of them by itself.

-- A sending as a carrier is asked for it. `holds` is the order while it is not settled: an
-- order has one outbound sending under way. `reference` goes to the carrier.
CREATE TABLE IF NOT EXISTS consignments (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    task_id BIGINT REFERENCES pick_tasks (id),
    holds BIGINT UNIQUE,
    direction VARCHAR(190) NOT NULL,
    carrier VARCHAR(190) NOT NULL,
    service VARCHAR(190) NOT NULL,
    reference VARCHAR(190) NOT NULL UNIQUE,
    sending TEXT NOT NULL,
    state VARCHAR(190) NOT NULL,
    said TEXT NOT NULL,
    asked_at BIGINT,
    carrier_id VARCHAR(190),
    charge_minor BIGINT,
    charge_currency VARCHAR(190),
    tariff VARCHAR(190),
    billing_weight VARCHAR(190) NOT NULL,
    shipment_id BIGINT REFERENCES shipments (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT consignment_direction CHECK (direction IN ('outbound', 'inbound')),
    CONSTRAINT consignment_state CHECK (state IN ('calling', 'unknown', 'needs_decision',
        'bought', 'shipped', 'voiding', 'voided', 'not_bought')),
    CONSTRAINT consignment_charge CHECK ((charge_minor IS NULL) = (charge_currency IS NULL)),
    CONSTRAINT consignment_holds CHECK (holds IS NULL OR holds = order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS consignments_by_order ON consignments (order_id);
CREATE INDEX IF NOT EXISTS consignments_by_state ON consignments (state, id);
CREATE INDEX IF NOT EXISTS consignments_by_shipment ON consignments (shipment_id);

-- A piece of a sending: one label. `package_id` is what lies packed in it.
CREATE TABLE IF NOT EXISTS parcels (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    consignment_id BIGINT NOT NULL REFERENCES consignments (id),
    number BIGINT NOT NULL,
    package_id BIGINT REFERENCES packages (id),
    weight_g BIGINT NOT NULL,
    length_mm BIGINT,
    width_mm BIGINT,
    height_mm BIGINT,
    tracking VARCHAR(190) UNIQUE,
    voided_at BIGINT,
    stage VARCHAR(190),
    stage_at BIGINT,
    expected_on VARCHAR(190),
    asked_at BIGINT,
    stalled_at BIGINT,
    CONSTRAINT parcel_weight CHECK (weight_g > 0),
    UNIQUE (consignment_id, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS parcels_by_package ON parcels (package_id);
CREATE INDEX IF NOT EXISTS parcels_by_stage ON parcels (stage, asked_at);

-- What happened to a piece, each told once.
CREATE TABLE IF NOT EXISTS tracking_events (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    parcel_id BIGINT NOT NULL REFERENCES parcels (id),
    at BIGINT NOT NULL,
    code VARCHAR(190) NOT NULL,
    words TEXT NOT NULL,
    place VARCHAR(190) NOT NULL,
    stage VARCHAR(190),
    seen_at BIGINT NOT NULL,
    run VARCHAR(190) NOT NULL,
    UNIQUE (parcel_id, at, code, place)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- A document as it was issued: its bytes never change. `template` and `bundle` say from what
-- it was made; both are empty where it came from outside, as a carrier's label does.
CREATE TABLE IF NOT EXISTS documents (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    kind VARCHAR(190) NOT NULL,
    title VARCHAR(190) NOT NULL,
    media_type VARCHAR(190) NOT NULL,
    consignment_id BIGINT REFERENCES consignments (id),
    parcel_id BIGINT REFERENCES parcels (id),
    template VARCHAR(190) NOT NULL,
    bundle VARCHAR(190) NOT NULL,
    sha256 VARCHAR(190) NOT NULL,
    bytes LONGBLOB NOT NULL,
    created_at BIGINT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS documents_by_consignment ON documents (consignment_id);
CREATE INDEX IF NOT EXISTS documents_by_parcel ON documents (parcel_id);

-- The bundle (template, fonts, logo) that a template version was first used with.
CREATE TABLE IF NOT EXISTS template_bundles (
    template VARCHAR(190) NOT NULL PRIMARY KEY,
    bundle VARCHAR(190) NOT NULL,
    first_used_at BIGINT NOT NULL,
    run VARCHAR(190) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- A document on its way to paper. `job` is the printing system's number of it.
CREATE TABLE IF NOT EXISTS print_jobs (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    document_id BIGINT NOT NULL REFERENCES documents (id),
    station VARCHAR(190) NOT NULL,
    printer VARCHAR(190) NOT NULL,
    reference VARCHAR(190) NOT NULL UNIQUE,
    state VARCHAR(190) NOT NULL,
    job BIGINT,
    said TEXT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    actor VARCHAR(190) NOT NULL,
    run VARCHAR(190) NOT NULL,
    CONSTRAINT print_job_state CHECK (
        state IN ('planned', 'sending', 'sent', 'unknown', 'printed', 'failed', 'dropped'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE INDEX IF NOT EXISTS print_jobs_by_state ON print_jobs (state, id);
CREATE INDEX IF NOT EXISTS print_jobs_by_document ON print_jobs (document_id);
