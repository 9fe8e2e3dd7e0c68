//! The rules of the packing bench: which line a scanned unit belongs to, what a package
//! should weigh, and whether its order may still leave.

use std::collections::HashMap;

/// A picked line, as a scan of its product sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// The line.
    pub line: i64,
    /// The demand it serves.
    pub demand: i64,
    /// Its lot, where lots are told apart.
    pub lot: Option<i64>,
    /// Units of it that are picked and not packed.
    pub left: i64,
    /// Units that its demand still wants, beside what is packed for it.
    pub wanted: i64,
}

/// What an order wants of one product of stock, and what of it is in hand. The caller gives
/// the demands of a line together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// The demand.
    pub demand: i64,
    /// The order's line.
    pub line: i64,
    /// Units of the product in one ordered piece.
    pub per_kit: i64,
    /// Units wanted, those shipped included.
    pub quantity: i64,
    /// Units shipped.
    pub shipped: i64,
    /// Units in hand: picked, or packed.
    pub in_hand: i64,
}

/// Units of each demand that may go with what is in hand: no more than is wanted, and of a
/// kit no more than makes whole ones with what has been shipped.
#[must_use]
pub fn may_go(wants: &[Want]) -> HashMap<i64, i64> {
    let mut may_go = HashMap::with_capacity(wants.len());
    for line in wants.chunk_by(|a, b| a.line == b.line) {
        let pieces = |want: &Want| (want.shipped + want.in_hand) / want.per_kit.max(1);
        let kits = line.iter().map(pieces).min().unwrap_or(0);
        may_go.extend(line.iter().map(|want| {
            let units = want.quantity.min(kits * want.per_kit) - want.shipped;
            (want.demand, units.max(0))
        }));
    }
    may_go
}

/// Fewer units than scanned can be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{left} units are left to be packed")]
pub struct TooMany {
    /// So many can.
    pub left: i64,
}

/// The lines that scanned units go to, first line first: (line, units). Only those of the
/// lot, where one is given; a case may fill several lines.
///
/// # Errors
/// Fewer are left.
pub fn share(open: &[Open], units: i64, lot: Option<i64>) -> Result<Vec<(i64, i64)>, TooMany> {
    let mut left = units;
    let mut used: Vec<(i64, i64)> = Vec::new();
    let mut parts = Vec::new();
    let fits = |line: &&Open| lot.is_none() || line.lot.is_none() || line.lot == lot;
    for line in open.iter().filter(fits) {
        let before: i64 = used
            .iter()
            .filter(|u| u.0 == line.demand)
            .map(|u| u.1)
            .sum();
        let part = line.left.min(line.wanted - before).min(left).max(0);
        if part > 0 {
            left -= part;
            used.push((line.demand, part));
            parts.push((line.line, part));
        }
    }
    if left > 0 {
        return Err(TooMany { left: units - left });
    }
    Ok(parts)
}

/// What a package should weigh in grams: its box and its contents, each (units, grams a
/// unit). `None` where the weight of one is not known, or nothing is in it.
#[must_use]
pub fn expected_g(empty_g: i64, contents: &[(i64, Option<i64>)]) -> Option<i64> {
    if contents.is_empty() {
        return None;
    }
    let weights = contents
        .iter()
        .map(|(units, grams)| grams.map(|grams| grams.saturating_mul(*units)));
    let sum = weights.sum::<Option<i64>>()?;
    Some(sum.saturating_add(empty_g))
}

/// Whether a package weighs other than it should by more than the tolerance.
#[must_use]
pub fn weighs_otherwise(weight_g: i64, expected_g: i64, tolerance_percent: u32) -> bool {
    let off = i128::from(weight_g - expected_g).abs() * 100;
    off > i128::from(expected_g) * i128::from(tolerance_percent)
}

/// Why an order may not leave, where it may not: by the meaning of its status, the status,
/// and the kinds of the holds that stand.
#[must_use]
pub fn may_not_leave(rule: &str, status: &str, holds: Option<&str>) -> Option<String> {
    if let Some(holds) = holds {
        return Some(format!("it is on hold: {holds}"));
    }
    match rule {
        "ship" => None,
        "shipped" => Some(format!("it has left: its status is {status}")),
        "unknown" => Some(format!("nobody has said what its status {status} means")),
        _ => Some(format!("its status is {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(line: i64, lot: Option<i64>, left: i64) -> Open {
        Open {
            line,
            demand: 1,
            lot,
            left,
            wanted: 10,
        }
    }

    #[test]
    fn a_case_fills_several_lines_first_line_first() {
        let lines = [open(1, None, 2), open(2, None, 3)];
        assert_eq!(share(&lines, 4, None), Ok(vec![(1, 2), (2, 2)]));
        assert_eq!(share(&lines, 6, None), Err(TooMany { left: 5 }));
    }

    #[test]
    fn a_lot_goes_to_lines_of_that_lot() {
        let lines = [open(1, Some(7), 2), open(2, Some(8), 3)];
        assert_eq!(share(&lines, 1, Some(8)), Ok(vec![(2, 1)]));
        assert_eq!(share(&lines, 1, Some(9)), Err(TooMany { left: 0 }));
    }

    #[test]
    fn nothing_is_packed_that_is_no_longer_wanted() {
        let mut lines = [open(1, None, 2), open(2, None, 3)];
        for line in &mut lines {
            line.wanted = 3;
        }
        assert_eq!(share(&lines, 3, None), Ok(vec![(1, 2), (2, 1)]));
        assert_eq!(share(&lines, 4, None), Err(TooMany { left: 3 }));
    }

    #[test]
    fn a_kit_goes_whole_and_nothing_goes_that_is_not_wanted() {
        let want = |demand, per_kit, quantity, shipped, in_hand| Want {
            demand,
            line: 1,
            per_kit,
            quantity,
            shipped,
            in_hand,
        };
        let units = |wants: &[Want]| {
            let may_go = may_go(wants);
            wants
                .iter()
                .map(|want| may_go[&want.demand])
                .collect::<Vec<_>>()
        };
        assert_eq!(units(&[want(1, 1, 2, 0, 2), want(2, 2, 4, 0, 3)]), [1, 2]);
        assert_eq!(units(&[want(1, 1, 2, 0, 2), want(2, 2, 4, 0, 0)]), [0, 0]);
        // The other half of a kit that left by half.
        assert_eq!(units(&[want(1, 1, 2, 2, 0), want(2, 2, 4, 2, 2)]), [0, 2]);
        assert_eq!(units(&[want(1, 1, 1, 0, 3)]), [1]);
        assert_eq!(units(&[want(1, 1, 0, 0, 3)]), [0]);
    }

    #[test]
    fn a_package_weighs_what_is_in_it_and_its_box() {
        assert_eq!(expected_g(150, &[(2, Some(300)), (1, Some(50))]), Some(800));
        assert_eq!(expected_g(150, &[(2, Some(300)), (1, None)]), None);
        assert_eq!(expected_g(150, &[]), None);
        assert!(!weighs_otherwise(920, 800, 15));
        assert!(weighs_otherwise(921, 800, 15));
        assert!(weighs_otherwise(679, 800, 15));
    }

    #[test]
    fn only_an_order_whose_status_ships_may_leave() {
        assert_eq!(may_not_leave("ship", "processing", None), None);
        assert!(may_not_leave("ship", "processing", Some("manual")).is_some());
        assert!(may_not_leave("none", "cancelled", None).is_some());
    }
}
