-- What products are searched by is written by opsctl, as that of orders is: the database folds
-- the capitals of a to z alone.
DROP INDEX products_by_search;
ALTER TABLE products DROP COLUMN search;
ALTER TABLE products ADD COLUMN search TEXT NOT NULL DEFAULT '';
UPDATE products SET search = LOWER(SUBSTR(title, 1, 300));
CREATE INDEX products_by_search ON products (sku, search);
