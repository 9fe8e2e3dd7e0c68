//! Which orders may be picked, in which order, and how far a scan may count: rules without
//! a database.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much of an order must be reserved before it is picked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ready {
    /// All of it.
    #[default]
    Whole,
    /// At least one of its lines, whole.
    Line,
    /// Anything.
    Any,
}

impl Ready {
    /// What it asks for, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Whole => "all of it",
            Self::Line => "at least one whole line of it",
            Self::Any => "some of it",
        }
    }
}

/// What an order's line wants of one product of stock. The caller gives the demands of an
/// order together, and those of a line together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// The line.
    pub line: i64,
    /// Units of the product in one ordered piece.
    pub per_kit: i64,
    /// Units wanted and not shipped.
    pub wanted: i64,
    /// Units of those that are reserved.
    pub reserved: i64,
    /// Whether stock is kept of the product; else it waits for none.
    pub stocked: bool,
}

/// Whether enough of an order is reserved. A kit counts by whole kits; what no stock is kept
/// of never keeps an order back, and is never picked.
#[must_use]
pub fn is_ready(rule: Ready, wants: &[Want]) -> bool {
    let lines = wants
        .chunk_by(|a, b| a.line == b.line)
        .filter(|line| line.iter().any(|want| want.stocked && want.wanted > 0));
    let mut states = lines.map(|line| {
        let stocked = || line.iter().filter(|want| want.stocked && want.wanted > 0);
        let pieces = stocked().map(|want| want.reserved / want.per_kit.max(1));
        let whole = stocked().all(|want| want.reserved >= want.wanted);
        (pieces.min().unwrap_or(0) > 0, whole)
    });
    match rule {
        Ready::Any => states.any(|(some, _)| some),
        Ready::Line => states.any(|(_, whole)| whole),
        Ready::Whole => {
            let states: Vec<(bool, bool)> = states.collect();
            !states.is_empty() && states.iter().all(|(_, whole)| *whole)
        }
    }
}

/// The day that lies so many working days (Monday to Friday) after another: with none, that
/// day itself, or the Monday after it.
#[must_use]
pub fn working_days_after(day: NaiveDate, days: u32) -> NaiveDate {
    let works = |day: NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let mut left = days;
    let mut day = day;
    while left > 0 || !works(day) {
        let Some(next) = day.checked_add_days(Days::new(1)) else {
            return day;
        };
        day = next;
        if works(day) {
            left = left.saturating_sub(1);
        }
    }
    day
}

/// What an order's place in the queue goes by, the smallest first: the day it is promised,
/// the rank of its service, when it was placed, its id.
pub type Place<'a> = (&'a str, u32, i64, i64);

/// Units of one line, as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Units to take.
    pub quantity: i64,
    /// Units taken.
    pub picked: i64,
    /// Units not found.
    pub short: i64,
}

/// Why a scan does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Not {
    /// More than are still to be taken: so many are.
    TooMany {
        /// Units still to be taken.
        open: i64,
    },
    /// Fewer have been taken than are put back.
    NotTaken {
        /// Units taken.
        picked: i64,
    },
    /// Fewer found than have been taken.
    BelowPicked {
        /// Units taken.
        picked: i64,
    },
    /// All were found, or all are accounted for: nothing is short.
    NothingShort,
}

impl Standing {
    /// Whether nothing of it is open any more.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.picked + self.short >= self.quantity
    }

    /// After units were taken; a case counts its units, all or none of them.
    ///
    /// # Errors
    /// More than are still to be taken.
    pub fn take(self, units: i64) -> Result<Self, Not> {
        let open = self.quantity - self.picked - self.short;
        if units > open {
            return Err(Not::TooMany { open });
        }
        Ok(Self {
            picked: self.picked + units,
            ..self
        })
    }

    /// After units were put back.
    ///
    /// # Errors
    /// Fewer have been taken.
    pub fn put_back(self, units: i64) -> Result<Self, Not> {
        if units > self.picked {
            return Err(Not::NotTaken {
                picked: self.picked,
            });
        }
        Ok(Self {
            picked: self.picked - units,
            ..self
        })
    }

    /// After no more than so many were found in all.
    ///
    /// # Errors
    /// Fewer than have been taken, or nothing is short.
    pub fn fall_short(self, found: i64) -> Result<Self, Not> {
        if found < self.picked {
            return Err(Not::BelowPicked {
                picked: self.picked,
            });
        }
        if found + self.short >= self.quantity {
            return Err(Not::NothingShort);
        }
        Ok(Self {
            picked: found,
            short: self.quantity - found,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn want(line: i64, per_kit: i64, wanted: i64, reserved: i64) -> Want {
        Want {
            line,
            per_kit,
            wanted,
            reserved,
            stocked: true,
        }
    }

    #[test]
    fn each_rule_asks_for_more() {
        let half = [want(1, 1, 2, 1), want(2, 1, 1, 0)];
        let line = [want(1, 1, 2, 1), want(2, 1, 1, 1)];
        let whole = [want(1, 1, 2, 2), want(2, 1, 1, 1)];
        let ready = |wants: &[Want]| {
            [Ready::Any, Ready::Line, Ready::Whole].map(|rule| is_ready(rule, wants))
        };
        assert_eq!(ready(&half), [true, false, false]);
        assert_eq!(ready(&line), [true, true, false]);
        assert_eq!(ready(&whole), [true, true, true]);
        assert_eq!(ready(&[want(1, 1, 2, 0)]), [false, false, false]);
        assert_eq!(ready(&[]), [false, false, false]);
    }

    #[test]
    fn a_kit_counts_by_whole_kits() {
        let no_kit = [want(1, 2, 4, 4), want(1, 3, 6, 2)];
        let one = [want(1, 2, 4, 2), want(1, 3, 6, 3)];
        assert!(!is_ready(Ready::Any, &no_kit));
        assert!(is_ready(Ready::Any, &one));
        assert!(!is_ready(Ready::Line, &one));
    }

    #[test]
    fn what_no_stock_is_kept_of_keeps_nothing_back_and_is_not_picked() {
        let service = Want {
            stocked: false,
            ..want(2, 1, 1, 0)
        };
        assert!(is_ready(Ready::Whole, &[want(1, 1, 1, 1), service]));
        assert!(!is_ready(Ready::Any, &[service]));
        let left = want(1, 1, 0, 0);
        assert!(!is_ready(Ready::Whole, &[left]));
    }

    #[test]
    fn weekends_are_skipped() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 3, d).unwrap();
        // 2026-03-06 is a Friday.
        assert_eq!(working_days_after(day(6), 0), day(6));
        assert_eq!(working_days_after(day(6), 1), day(9));
        assert_eq!(working_days_after(day(7), 0), day(9));
        assert_eq!(working_days_after(day(7), 1), day(9));
        assert_eq!(working_days_after(day(8), 2), day(10));
        assert_eq!(working_days_after(day(2), 5), day(9));
    }

    #[test]
    fn a_case_counts_all_its_units_or_none() {
        let line = Standing {
            quantity: 24,
            picked: 12,
            short: 0,
        };
        assert_eq!(line.take(12).map(|l| l.picked), Ok(24));
        let more = Standing { picked: 13, ..line };
        assert_eq!(more.take(12), Err(Not::TooMany { open: 11 }));
    }

    #[test]
    fn short_says_how_many_were_found_in_all() {
        let line = Standing {
            quantity: 5,
            picked: 2,
            short: 0,
        };
        let short = line.fall_short(3).unwrap();
        assert_eq!((short.picked, short.short), (3, 2));
        assert!(short.is_complete());
        assert_eq!(line.fall_short(1), Err(Not::BelowPicked { picked: 2 }));
        assert_eq!(line.fall_short(5), Err(Not::NothingShort));
        assert_eq!(short.fall_short(3), Err(Not::NothingShort));
    }

    proptest! {
        #[test]
        fn no_scan_counts_beyond_the_line(
            quantity in 1_i64..50, scans in prop::collection::vec((0_u8..3, 1_i64..14), 0..40),
        ) {
            let mut line = Standing { quantity, picked: 0, short: 0 };
            for (kind, units) in scans {
                let next = match kind {
                    0 => line.take(units),
                    1 => line.put_back(units),
                    _ => line.fall_short(units),
                };
                line = next.unwrap_or(line);
                prop_assert!(line.picked >= 0 && line.short >= 0);
                prop_assert!(line.picked + line.short <= quantity);
            }
        }

        #[test]
        fn a_promised_day_is_a_working_day(offset in 0_u64..4000, days in 0_u32..40) {
            let day = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + Days::new(offset);
            let promised = working_days_after(day, days);
            prop_assert!(promised >= day);
            prop_assert!(!matches!(promised.weekday(), Weekday::Sat | Weekday::Sun));
            let between = day.iter_days().skip(1).take_while(|d| *d <= promised);
            let worked = between.filter(|d| !matches!(d.weekday(), Weekday::Sat | Weekday::Sun));
            prop_assert_eq!(worked.count() as u32, days.max(u32::from(promised > day)));
        }
    }
}
