-- Shipping: what carriers are asked to carry, documents, printing, and where parcels are.

-- A sending as a carrier is asked for it. `holds` is the order while it is not settled: an
-- order has one outbound sending under way. `reference` goes to the carrier.
CREATE TABLE consignments (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    task_id INTEGER REFERENCES pick_tasks (id),
    holds INTEGER UNIQUE,
    direction TEXT NOT NULL,
    carrier TEXT NOT NULL,
    service TEXT NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    sending TEXT NOT NULL,
    state TEXT NOT NULL,
    said TEXT NOT NULL,
    asked_at INTEGER,
    carrier_id TEXT,
    charge_minor INTEGER,
    charge_currency TEXT,
    tariff TEXT,
    billing_weight TEXT NOT NULL,
    shipment_id INTEGER REFERENCES shipments (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT consignment_direction CHECK (direction IN ('outbound', 'inbound')),
    CONSTRAINT consignment_state CHECK (state IN ('calling', 'unknown', 'needs_decision',
        'bought', 'shipped', 'voiding', 'voided', 'not_bought')),
    CONSTRAINT consignment_charge CHECK ((charge_minor IS NULL) = (charge_currency IS NULL)),
    CONSTRAINT consignment_holds CHECK (holds IS NULL OR holds = order_id)
) STRICT;
CREATE INDEX consignments_by_order ON consignments (order_id);
CREATE INDEX consignments_by_state ON consignments (state, id);
CREATE INDEX consignments_by_shipment ON consignments (shipment_id);

-- A piece of a sending: one label. `package_id` is what lies packed in it.
CREATE TABLE parcels (
    id INTEGER PRIMARY KEY,
    consignment_id INTEGER NOT NULL REFERENCES consignments (id),
    number INTEGER NOT NULL,
    package_id INTEGER REFERENCES packages (id),
    weight_g INTEGER NOT NULL,
    length_mm INTEGER,
    width_mm INTEGER,
    height_mm INTEGER,
    tracking TEXT UNIQUE,
    voided_at INTEGER,
    stage TEXT,
    stage_at INTEGER,
    expected_on TEXT,
    asked_at INTEGER,
    stalled_at INTEGER,
    CONSTRAINT parcel_weight CHECK (weight_g > 0),
    UNIQUE (consignment_id, number)
) STRICT;
CREATE INDEX parcels_by_package ON parcels (package_id);
CREATE INDEX parcels_by_stage ON parcels (stage, asked_at);

-- What happened to a piece, each told once.
CREATE TABLE tracking_events (
    id INTEGER PRIMARY KEY,
    parcel_id INTEGER NOT NULL REFERENCES parcels (id),
    at INTEGER NOT NULL,
    code TEXT NOT NULL,
    words TEXT NOT NULL,
    place TEXT NOT NULL,
    stage TEXT,
    seen_at INTEGER NOT NULL,
    run TEXT NOT NULL,
    UNIQUE (parcel_id, at, code, place)
) STRICT;

-- A document as it was issued: its bytes never change. `template` and `bundle` say from what
-- it was made; both are empty where it came from outside, as a carrier's label does.
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    media_type TEXT NOT NULL,
    consignment_id INTEGER REFERENCES consignments (id),
    parcel_id INTEGER REFERENCES parcels (id),
    template TEXT NOT NULL,
    bundle TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL
) STRICT;
CREATE INDEX documents_by_consignment ON documents (consignment_id);
CREATE INDEX documents_by_parcel ON documents (parcel_id);

-- The bundle (template, fonts, logo) that a template version was first used with.
CREATE TABLE template_bundles (
    template TEXT NOT NULL PRIMARY KEY,
    bundle TEXT NOT NULL,
    first_used_at INTEGER NOT NULL,
    run TEXT NOT NULL
) STRICT;

-- A document on its way to paper. `job` is the printing system's number of it.
CREATE TABLE print_jobs (
    id INTEGER PRIMARY KEY,
    document_id INTEGER NOT NULL REFERENCES documents (id),
    station TEXT NOT NULL,
    printer TEXT NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    job INTEGER,
    said TEXT NOT NULL,
    next_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run TEXT NOT NULL,
    CONSTRAINT print_job_state CHECK (
        state IN ('planned', 'sending', 'sent', 'unknown', 'printed', 'failed', 'dropped'))
) STRICT;
CREATE INDEX print_jobs_by_state ON print_jobs (state, id);
CREATE INDEX print_jobs_by_document ON print_jobs (document_id);
