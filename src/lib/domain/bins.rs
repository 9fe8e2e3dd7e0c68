//! The order in which a person walks past bins, and the tree that they form.
//!
//! Codes are compared run by run: digits as numbers, so that A-2 comes before A-10, and
//! the rest without regard to capitals. Codes that differ only in capitals or leading
//! zeros follow one another, in the order of their characters.

use std::collections::HashMap;

/// A code as it is sorted. Equal for equal codes only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Natural {
    runs: Vec<Run>,
    code: String,
}

/// A stretch of a code. Numbers come before text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Run {
    /// How many digits it has without leading zeros, and those: a number of any size.
    Number(usize, String),
    Text(String),
}

/// How a code is sorted.
#[must_use]
pub fn natural(code: &str) -> Natural {
    let chars: Vec<char> = code.chars().collect();
    let runs = chars
        .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
        .map(|run| {
            if run[0].is_ascii_digit() {
                let digits: String = run.iter().skip_while(|c| **c == '0').collect();
                Run::Number(digits.len(), digits)
            } else {
                Run::Text(run.iter().flat_map(|c| c.to_lowercase()).collect())
            }
        })
        .collect();
    Natural {
        runs,
        code: code.to_owned(),
    }
}

/// A place in the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'a> {
    /// Its id.
    pub id: i64,
    /// What it lies in, if in anything.
    pub parent: Option<i64>,
    /// Its code.
    pub code: &'a str,
}

/// A place as one walks past it: its id, how deep it lies, whether anything lies under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The place.
    pub id: i64,
    /// How many places it lies in.
    pub depth: usize,
    /// Whether other places lie in it.
    pub holds_places: bool,
}

/// All places in the order in which a person walks past them: each followed by what lies
/// in it, in natural order. With `top`, only that place and what lies in it.
#[must_use]
pub fn walk(places: &[Place<'_>], top: Option<i64>) -> Vec<Step> {
    let mut sorted: Vec<&Place<'_>> = places.iter().collect();
    sorted.sort_by_cached_key(|place| natural(place.code));
    let mut under: HashMap<Option<i64>, Vec<i64>> = HashMap::new();
    for place in sorted {
        under.entry(place.parent).or_default().push(place.id);
    }
    let mut open: Vec<(i64, usize)> = match top {
        Some(id) => vec![(id, 0)],
        None => vec_reversed(under.get(&None), 0),
    };
    let mut steps = Vec::with_capacity(places.len());
    while let Some((id, depth)) = open.pop() {
        let inside = under.remove(&Some(id));
        steps.push(Step {
            id,
            depth,
            holds_places: inside.is_some(),
        });
        open.extend(vec_reversed(inside.as_ref(), depth + 1));
    }
    steps
}

fn vec_reversed(ids: Option<&Vec<i64>>, depth: usize) -> Vec<(i64, usize)> {
    let ids = ids.into_iter().flatten();
    ids.rev().map(|id| (*id, depth)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted<'a>(codes: &[&'a str]) -> Vec<&'a str> {
        let mut codes = codes.to_vec();
        codes.sort_by_cached_key(|code| natural(code));
        codes
    }

    #[test]
    fn two_comes_before_ten() {
        assert_eq!(
            sorted(&[
                "A-10", "B-1", "A-2", "a-3", "10", "9", "A-2-11", "A-2-2", ""
            ]),
            [
                "", "9", "10", "A-2", "A-2-2", "A-2-11", "a-3", "A-10", "B-1"
            ]
        );
    }

    #[test]
    fn numbers_have_any_size() {
        let (small, large) = ("A99999999999999999999998", "A99999999999999999999999");
        assert!(natural(small) < natural(large));
        assert!(natural(large) < natural("A100000000000000000000000"));
    }

    #[test]
    fn codes_that_look_alike_stand_together() {
        assert_eq!(
            sorted(&["A-3", "a-2", "A-02", "A-2", "A-1"]),
            ["A-1", "A-02", "A-2", "a-2", "A-3"]
        );
    }

    #[test]
    fn a_walk_goes_through_each_zone() {
        let place = |id, parent, code| Place { id, parent, code };
        let places = [
            place(1, None, "main"),
            place(2, Some(4), "Z2-10"),
            place(3, Some(4), "Z2-9"),
            place(4, Some(1), "Z2"),
            place(5, Some(1), "Z1"),
        ];
        let order = |top| -> Vec<(i64, usize, bool)> {
            let steps = walk(&places, top).into_iter();
            steps.map(|s| (s.id, s.depth, s.holds_places)).collect()
        };
        assert_eq!(
            order(None),
            [
                (1, 0, true),
                (5, 1, false),
                (4, 1, true),
                (3, 2, false),
                (2, 2, false)
            ]
        );
        assert_eq!(order(Some(4)), [(4, 0, true), (3, 1, false), (2, 1, false)]);
    }

    proptest! {
        #[test]
        fn the_order_is_total_and_agrees_with_equality(
            a in "[aAbB0-2-]{0,6}", b in "[aAbB0-2-]{0,6}", c in "\\PC{0,6}",
        ) {
            let (x, y, z) = (natural(&a), natural(&b), natural(&c));
            prop_assert_eq!(x == y, a == b);
            prop_assert_eq!(x.cmp(&y), y.cmp(&x).reverse());
            let mut three = [&x, &y, &z];
            three.sort();
            prop_assert!(three[0] <= three[1] && three[1] <= three[2] && three[0] <= three[2]);
        }

        #[test]
        fn digits_are_numbers(a in 0_u32..100_000, b in 0_u32..100_000, zeros in 0_usize..4) {
            let code = |n: u32, zeros: usize| format!("Bin {}{n}", "0".repeat(zeros));
            let order = natural(&code(a, zeros)).cmp(&natural(&code(b, 0)));
            prop_assert!(a == b || order == a.cmp(&b));
        }
    }
}
