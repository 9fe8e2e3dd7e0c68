-- Units that the shop itself has taken off its stock for a line: what taking the stock over
-- adds to the shop's quantity.
ALTER TABLE order_lines ADD COLUMN reduced INTEGER NOT NULL DEFAULT 0;

-- What is free of a product is read from the index alone.
DROP INDEX balances_by_product;
CREATE INDEX balances_by_product ON balances (product_id, free, lot_id, location_id);
