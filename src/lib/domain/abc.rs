//! Which products are counted often: classes by the value of what was dispatched.
//!
//! Products are taken from the most valuable on. One is of class A while those before it
//! make less than 80 % of the total, of class B while they make less than 95 %, else of
//! class C. So the most valuable one is always A, also where it alone makes 90 %.

use serde::Serialize;

/// Up to this share of the total, in percent, a product is of class A; of class B.
const UP_TO: [i128; 2] = [80, 95];

/// How much a product matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Class {
    /// The few that make most of the value.
    A,
    /// Those between.
    B,
    /// The many that make little of it, and all that were never dispatched.
    C,
}

/// The class of each product, given with what its dispatched units cost; most valuable
/// first, equals by id.
#[must_use]
pub fn classes(costs: &[(i64, i64)]) -> Vec<(i64, Class)> {
    let mut sorted = costs.to_vec();
    sorted.sort_unstable_by_key(|(product, cost)| (std::cmp::Reverse(*cost), *product));
    let value = |cost: i64| i128::from(cost.max(0));
    let total: i128 = sorted.iter().map(|(_, cost)| value(*cost)).sum();
    let mut before: i128 = 0;
    sorted
        .into_iter()
        .map(|(product, cost)| {
            let below = |percent: i128| before * 100 < total * percent;
            let class = match cost {
                ..=0 => Class::C,
                _ if below(UP_TO[0]) => Class::A,
                _ if below(UP_TO[1]) => Class::B,
                _ => Class::C,
            };
            before += value(cost);
            (product, class)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn classes_go_by_the_share_of_the_value() {
        let costs = [(1, 0), (2, 4), (3, 50), (4, 31), (5, 15), (6, -3)];
        assert_eq!(
            classes(&costs),
            [
                (3, Class::A),
                (4, Class::A),
                (5, Class::B),
                (2, Class::C),
                (1, Class::C),
                (6, Class::C)
            ]
        );
    }

    #[test]
    fn the_most_valuable_is_always_of_class_a() {
        assert_eq!(classes(&[(1, 99), (2, 1)]), [(1, Class::A), (2, Class::C)]);
        assert_eq!(classes(&[(1, 0)]), [(1, Class::C)]);
        assert_eq!(classes(&[]), []);
    }

    proptest! {
        #[test]
        fn nothing_of_a_lower_class_is_worth_more(
            costs in prop::collection::vec(-5_i64..10_000, 0..60),
        ) {
            let costs: Vec<(i64, i64)> = (0..).zip(costs).collect();
            let classed = classes(&costs);
            prop_assert_eq!(classed.len(), costs.len());
            let value = |product: i64| costs[product as usize].1;
            for pair in classed.windows(2) {
                prop_assert!(pair[0].1 <= pair[1].1);
                prop_assert!(value(pair[0].0) >= value(pair[1].0));
            }
            let of_a: i128 = classed
                .iter()
                .filter(|(_, class)| *class == Class::A)
                .map(|(product, _)| i128::from(value(*product)))
                .sum();
            let total: i128 = costs.iter().map(|(_, cost)| i128::from((*cost).max(0))).sum();
            prop_assert!(of_a * 100 >= total * 80);
        }
    }
}
