-- Units that the shop itself has taken off its stock for a line: what taking the stock over
-- adds to the shop's quantity.
ALTER TABLE order_lines ADD COLUMN IF NOT EXISTS reduced BIGINT NOT NULL DEFAULT 0;
