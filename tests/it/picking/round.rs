//! What a packer does on a round, in few words.

use serde_json::Value;

use crate::harness::Shop;

/// Runs `opsctl pick` with these words, which must succeed, and gives its report.
pub fn pick(shop: &Shop, words: &str) -> Value {
    let words: Vec<&str> = words.split(' ').collect();
    shop.json(&[&["pick"], &words[..]].concat())
}

/// Runs `opsctl pick`, which must refuse with these words.
pub fn refused(shop: &Shop, words: &str, parts: &[&str]) {
    let words: Vec<&str> = words.split(' ').collect();
    crate::shelves::refused(shop, &[&["pick"], &words[..]].concat(), 1, parts);
}

/// The orders that may be picked, the first to go first.
pub fn queue(shop: &Shop) -> Vec<String> {
    let queue = pick(shop, "queue");
    let rows = queue["rows"].as_array().unwrap().iter();
    rows.map(|row| row["order"].as_str().unwrap().to_owned())
        .collect()
}

/// A round that is walked.
pub struct Round<'s> {
    shop: &'s Shop,
    pub wave: i64,
}

impl<'s> Round<'s> {
    /// Begins one for these orders.
    pub fn start(shop: &'s Shop, orders: &str) -> Self {
        let wave = pick(shop, &format!("start {orders}"))["wave"].as_i64();
        Self {
            shop,
            wave: wave.unwrap(),
        }
    }

    /// Its lines as they stand: `MUG at A-1: 1 of 2`, and what is short of them.
    pub fn lines(&self) -> Vec<String> {
        let sheet = pick(self.shop, &format!("show {}", self.wave));
        let line = |line: &Value| {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let lot = match text("lot") {
                lot if lot.is_empty() => lot,
                lot => format!(" {lot}"),
            };
            let short = match line["short"].as_i64().unwrap() {
                0 => String::new(),
                short => format!(", {short} short"),
            };
            let (sku, bin) = (text("sku"), text("bin"));
            format!(
                "{sku}{lot} at {bin}: {} of {}{short}",
                line["picked"], line["quantity"]
            )
        };
        sheet["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(line)
            .collect()
    }

    /// The line of a product at a place (`MUG at A-1`, `TEA L1 at A-1`) that is still open.
    pub fn line(&self, what: &str) -> String {
        let sheet = pick(self.shop, &format!("show {}", self.wave));
        let lines = sheet["lines"].as_array().unwrap();
        let at = self.lines().iter().zip(lines).position(|(words, line)| {
            let number = |name: &str| line[name].as_i64().unwrap();
            words.starts_with(&format!("{what}:"))
                && number("picked") + number("short") < number("quantity")
        });
        let at = at.unwrap_or_else(|| panic!("{what} is not open in {:?}", self.lines()));
        lines[at]["line"].to_string()
    }

    /// Takes units of a line.
    pub fn take(&self, what: &str, units: i64) {
        let (wave, line) = (self.wave, self.line(what));
        pick(
            self.shop,
            &format!("scan {wave} --line {line} --units {units}"),
        );
    }

    /// Says that so many were found in all; gives what that led to.
    pub fn short(&self, what: &str, found: i64) -> Value {
        let (wave, line) = (self.wave, self.line(what));
        let words = format!("short {wave} {line} --found {found} --reason empty");
        pick(self.shop, &words)["short"].clone()
    }

    /// Ends it; gives its sheet.
    pub fn finish(&self) -> Value {
        pick(self.shop, &format!("finish {}", self.wave))
    }
}
