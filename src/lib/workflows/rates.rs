//! Rates of exchange as a person gives them: what was paid in a foreign currency becomes a
//! cost in the tenant's, with the rate and its source kept.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::cost::{Component, Cost, Rate, convert};
use crate::domain::money::{Currency, parse_decimal};
use crate::fault::Fault;

/// The rates of a command, by foreign currency.
#[derive(Debug, Clone, Default)]
pub struct Rates(BTreeMap<Currency, Rate>);

/// What was paid, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Payment<'a> {
    /// What for.
    pub component: Component,
    /// Minor units of the currency paid in.
    pub minor: i64,
    /// That currency.
    pub currency: Currency,
    /// The business day.
    pub booked_on: &'a str,
    /// The paper it stands on; or empty.
    pub document: &'a str,
}

impl Rates {
    /// Reads `USD=0.92`: one unit of the foreign currency in the tenant's.
    ///
    /// # Errors
    /// Not of that form, not above zero, or without a source.
    pub fn read(rates: &[String], source: Option<&str>) -> Result<Self, Fault> {
        let mut read = Self::default();
        for text in rates {
            let bad = |why: &str| {
                Fault::usage(format!("--rate {text}: {why}"))
                    .hint("write --rate USD=0.92: what one unit costs in the tenant's currency")
            };
            let (code, rate) = text.split_once('=').ok_or_else(|| bad("no `=` in it"))?;
            let currency: Currency = code.parse().map_err(|_| bad("not a currency code"))?;
            let rate = parse_decimal(rate).map_err(|_| bad("not a decimal number"))?;
            if rate <= Decimal::ZERO || rate.normalize().scale() > 10 {
                return Err(bad("a rate is above zero and has at most 10 decimals"));
            }
            let source = source.map(str::trim).filter(|s| !s.is_empty());
            let source = source.ok_or_else(|| {
                Fault::usage("a rate needs its source").hint(
                    "add --rate-source, such as \"ECB 2026-11-24\": it is kept with each cost",
                )
            })?;
            read = read.with(currency, rate, source);
        }
        Ok(read)
    }

    /// These rates and one more.
    #[must_use]
    pub fn with(mut self, currency: Currency, rate: Decimal, source: &str) -> Self {
        let source = source.to_owned();
        self.0.insert(currency, Rate { rate, source });
        self
    }

    /// The rate of a currency; none for the tenant's own.
    ///
    /// # Errors
    /// A foreign currency has no rate.
    pub fn of(&self, currency: Currency, own: Currency) -> Result<Option<&Rate>, String> {
        if currency == own {
            return Ok(None);
        }
        self.0.get(&currency).map(Some).ok_or_else(|| {
            format!("no rate for {currency}: give --rate {currency}=RATE and --rate-source")
        })
    }

    /// What was paid as a cost in the tenant's currency.
    ///
    /// # Errors
    /// No rate, or an amount beyond 64 bits.
    pub fn cost(&self, own: Currency, paid: Payment<'_>) -> Result<Cost, String> {
        let rate = self.of(paid.currency, own)?.cloned();
        let amount_minor = match &rate {
            None => paid.minor,
            Some(rate) => convert(paid.minor, paid.currency, own, rate.rate)
                .map_err(|error| error.to_string())?,
        };
        Ok(Cost {
            component: paid.component,
            amount_minor,
            currency: own,
            paid_minor: paid.minor,
            paid_currency: paid.currency,
            rate,
            document: paid.document.to_owned(),
            booked_on: paid.booked_on.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_cost_keeps_its_rate_and_source() {
        let [eur, usd, gbp] = ["EUR", "USD", "GBP"].map(|c| c.parse::<Currency>().unwrap());
        let rates = Rates::read(&["USD=0.925".to_owned()], Some("ECB 2026-11-24")).unwrap();
        let paid = |currency| Payment {
            component: Component::Freight,
            minor: 1001,
            currency,
            booked_on: "2026-11-24",
            document: "F-1",
        };
        let cost = rates.cost(eur, paid(usd)).unwrap();
        assert_eq!((cost.amount_minor, cost.paid_minor), (926, 1001));
        assert_eq!(cost.rate.unwrap().source, "ECB 2026-11-24");
        assert_eq!(rates.cost(eur, paid(eur)).unwrap().rate, None);
        assert!(
            rates
                .cost(eur, paid(gbp))
                .unwrap_err()
                .contains("--rate GBP")
        );
    }

    #[test]
    fn a_rate_has_a_source_and_is_above_zero() {
        for bad in ["USD", "usd=1", "USD=x", "USD=0", "USD=-1"] {
            assert!(
                Rates::read(&[bad.to_owned()], Some("ECB")).is_err(),
                "{bad}"
            );
        }
        assert!(Rates::read(&["USD=1".to_owned()], None).is_err());
        assert!(Rates::read(&["USD=1".to_owned()], Some(" ")).is_err());
    }
}
