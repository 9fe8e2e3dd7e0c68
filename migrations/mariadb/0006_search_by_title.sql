-- What products are searched by is written by opsctl, as that of orders is: the database of the
-- embedded store folds the capitals of a to z alone.
-- Each statement may run again: MariaDB commits every one of them by itself.
DROP INDEX IF EXISTS products_by_search ON products;
ALTER TABLE products DROP COLUMN IF EXISTS search;
ALTER TABLE products ADD COLUMN IF NOT EXISTS search VARBINARY(1200) NOT NULL DEFAULT '';
UPDATE products SET search = LOWER(SUBSTR(title, 1, 300)) WHERE search = '';
CREATE INDEX IF NOT EXISTS products_by_search ON products (sku, search);
