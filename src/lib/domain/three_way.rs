//! An invoice held against what was received: which units of which receipt a line bills, and
//! whether they were billed as they were to cost. Decided without a database.

use std::collections::{BTreeSet, HashMap};

use rust_decimal::Decimal;

use super::cost::between;

/// A line of an invoice that bills goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed<'a> {
    /// The product.
    pub product: i64,
    /// Units billed.
    pub quantity: i64,
    /// Units of those that were found in receipts before.
    pub matched: i64,
    /// What all of them are billed at.
    pub total_minor: i64,
    /// Places in the list of receipts that the line names: it is held against these only.
    /// None where it names nothing: then the oldest come first.
    pub named: Option<&'a BTreeSet<usize>>,
}

/// Goods that were received. The caller gives them oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The product.
    pub product: i64,
    /// Units received.
    pub quantity: i64,
    /// Units of those that were billed before.
    pub invoiced: i64,
    /// What all of them are expected to cost, in the invoice's currency.
    pub expected_minor: Option<i64>,
    /// The line of an order that they fill.
    pub order: Option<OrderLine>,
}

/// A line of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderLine {
    /// Its id.
    pub id: i64,
    /// Units ordered.
    pub quantity: i64,
    /// Units billed before, of all that came in for it.
    pub invoiced: i64,
}

/// Units of a line found in a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// The line's place in the list.
    pub line: usize,
    /// The receipt's place in the list.
    pub receipt: usize,
    /// Units.
    pub units: i64,
    /// What they are billed at.
    pub billed_minor: i64,
    /// What they were expected to cost.
    pub expected_minor: Option<i64>,
    /// Whether they are billed otherwise than expected, beyond the tolerance.
    pub price_differs: bool,
}

/// Finds the units of each line in what was received: in what the line names, or else in the
/// oldest. Units that are not found are missing from the matches of their line.
#[must_use]
pub fn match_up(
    billed: &[Billed<'_>],
    received: &[Received],
    tolerance_percent: u32,
) -> Vec<Match> {
    let mut places: HashMap<i64, Vec<usize>> = HashMap::new();
    for (at, goods) in received.iter().enumerate() {
        places.entry(goods.product).or_default().push(at);
    }
    let mut invoiced: Vec<i64> = received.iter().map(|r| r.invoiced).collect();
    let mut matches = Vec::new();
    for (line, bill) in billed.iter().enumerate() {
        let mut done = bill.matched;
        let of_product = places.get(&bill.product).map_or(&[][..], Vec::as_slice);
        let meant = |at: &&usize| bill.named.is_none_or(|named| named.contains(*at));
        for &at in of_product.iter().filter(meant) {
            let goods = &received[at];
            let units = (bill.quantity - done).min(goods.quantity - invoiced[at]);
            if units <= 0 {
                continue;
            }
            let billed_minor = between(bill.total_minor, bill.quantity, done, units);
            let expected = |whole| between(whole, goods.quantity, invoiced[at], units);
            matches.push(Match {
                line,
                receipt: at,
                units,
                billed_minor,
                expected_minor: goods.expected_minor.map(expected),
                price_differs: goods.expected_minor.is_some_and(|whole| {
                    differs(
                        billed_minor,
                        whole,
                        goods.quantity,
                        units,
                        tolerance_percent,
                    )
                }),
            });
            done += units;
            invoiced[at] += units;
        }
    }
    matches
}

/// Units that are billed beyond what was ordered, by match: those of an order's line that
/// exceed it, counting what was billed of it before.
#[must_use]
pub fn beyond_order(matches: &[Match], received: &[Received]) -> Vec<i64> {
    let mut billed: HashMap<i64, i64> = HashMap::new();
    matches
        .iter()
        .map(|m| {
            let Some(order) = received[m.receipt].order else {
                return 0;
            };
            let before = billed.entry(order.id).or_insert(order.invoiced);
            let free = (order.quantity - *before).max(0);
            *before += m.units;
            (m.units - free).max(0)
        })
        .collect()
}

/// Whether so many units are billed otherwise than at their share of a whole. Less than one
/// minor unit is rounding, and no difference.
fn differs(billed: i64, whole: i64, quantity: i64, units: i64, tolerance_percent: u32) -> bool {
    let expected = Decimal::from(whole) * Decimal::from(units) / Decimal::from(quantity);
    let off = (Decimal::from(billed) - expected).abs();
    let allowed = expected.abs() * Decimal::from(tolerance_percent) / Decimal::ONE_HUNDRED;
    off >= Decimal::ONE && off > allowed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn billed(quantity: i64, total_minor: i64) -> Billed<'static> {
        Billed {
            product: 1,
            quantity,
            matched: 0,
            total_minor,
            named: None,
        }
    }

    fn received(quantity: i64, invoiced: i64, expected_minor: i64) -> Received {
        Received {
            product: 1,
            quantity,
            invoiced,
            expected_minor: Some(expected_minor),
            order: None,
        }
    }

    #[test]
    fn the_oldest_receipt_is_billed_first_unless_another_is_named() {
        let goods = [received(3, 1, 300), received(5, 0, 500)];
        let units = |bill: Billed<'_>| -> Vec<(usize, i64)> {
            let matches = match_up(&[bill], &goods, 0);
            assert!(matches.iter().all(|m| !m.price_differs));
            matches.iter().map(|m| (m.receipt, m.units)).collect()
        };
        assert_eq!(units(billed(4, 400)), [(0, 2), (1, 2)]);
        let named = Billed {
            named: Some(&BTreeSet::from([1])),
            ..billed(7, 700)
        };
        assert_eq!(units(named), [(1, 5)], "and only there");
        let elsewhere = Billed {
            named: Some(&BTreeSet::new()),
            ..billed(4, 400)
        };
        assert_eq!(units(elsewhere), []);
        assert_eq!(units(billed(9, 900)), [(0, 2), (1, 5)]);
    }

    #[test]
    fn a_price_differs_beyond_rounding_and_tolerance() {
        let off = |total, tolerance| {
            match_up(&[billed(1, total)], &[received(3, 1, 100)], tolerance)[0].price_differs
        };
        assert!(!off(33, 0) && !off(34, 0), "the rounding of a third");
        assert!(off(35, 0) && off(32, 0));
        assert!(!off(35, 6) && off(36, 6));
    }

    #[test]
    fn more_than_ordered_is_counted_over_all_bills_of_an_order() {
        let order = |invoiced| OrderLine {
            id: 7,
            quantity: 10,
            invoiced,
        };
        let beyond = |before, units| {
            let goods = [8, 7].map(|quantity| Received {
                order: Some(order(before)),
                ..received(quantity, 0, 100 * quantity)
            });
            beyond_order(&match_up(&[billed(units, 100 * units)], &goods, 0), &goods)
        };
        assert_eq!(beyond(0, 15), [0, 5]);
        assert_eq!(beyond(0, 10), [0, 0]);
        assert_eq!(beyond(9, 3), [2]);
        assert_eq!(beyond(12, 3), [3]);
    }

    proptest! {
        /// No unit is billed twice, none beyond what came in, and what is billed for the
        /// units of a line that is found whole is the line's total.
        #[test]
        fn no_unit_is_billed_twice(
            lines in prop::collection::vec((1_i64..3, 1_i64..30, 0_i64..10_000), 1..8),
            goods in prop::collection::vec((1_i64..3, 1_i64..30, 0_i64..30, 0_i64..10_000), 0..8),
        ) {
            let first = BTreeSet::from([0]);
            let lines: Vec<Billed<'_>> = lines
                .iter()
                .map(|(product, quantity, total)| Billed {
                    product: *product,
                    named: (quantity % 2 == 0).then_some(&first),
                    ..billed(*quantity, *total)
                })
                .collect();
            let goods: Vec<Received> = goods
                .iter()
                .map(|(product, quantity, invoiced, cost)| Received {
                    product: *product,
                    ..received(*quantity, *invoiced.min(quantity), *cost)
                })
                .collect();
            let matches = match_up(&lines, &goods, 0);
            for (at, goods) in goods.iter().enumerate() {
                let units: i64 = matches.iter().filter(|m| m.receipt == at).map(|m| m.units).sum();
                prop_assert!(goods.invoiced + units <= goods.quantity);
            }
            for (at, line) in lines.iter().enumerate() {
                let of = || matches.iter().filter(|m| m.line == at);
                let units: i64 = of().map(|m| m.units).sum();
                let minor: i64 = of().map(|m| m.billed_minor).sum();
                prop_assert!(units <= line.quantity);
                prop_assert_eq!(minor, between(line.total_minor, line.quantity, 0, units));
                prop_assert!(of().all(|m| goods[m.receipt].product == line.product));
                if units < line.quantity {
                    let left = goods.iter().enumerate().filter(|(receipt, g)| {
                        g.product == line.product
                            && line.named.is_none_or(|named| named.contains(receipt))
                    });
                    for (receipt, goods) in left {
                        let taken = matches.iter().filter(|m| m.receipt == receipt);
                        let taken: i64 = taken.map(|m| m.units).sum();
                        prop_assert_eq!(goods.invoiced + taken, goods.quantity);
                    }
                }
            }
        }
    }
}
