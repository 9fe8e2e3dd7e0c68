-- Units that the shop itself has taken off its stock for a line: what taking the stock over
-- adds to the shop's quantity.
ALTER TABLE order_lines ADD COLUMN reduced INTEGER NOT NULL DEFAULT 0;
