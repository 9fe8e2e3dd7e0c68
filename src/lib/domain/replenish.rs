//! When a product is bought again, and how much of it: decided from what is there, what is
//! on its way, and what has gone out a day. Pure, and in whole units throughout.

/// Where a product stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Situation {
    /// Units on hand where they may be sold.
    pub on_hand: i64,
    /// Units promised.
    pub reserved: i64,
    /// Units wanted by orders and not promised.
    pub open_demand: i64,
    /// Units that suppliers still owe.
    pub on_order: i64,
    /// Units that went out to customers within the last days.
    pub dispatched: i64,
    /// How many days those are, at least 1.
    pub days: i64,
    /// From how few units on it is bought again, where a person has said so.
    pub reorder_point: Option<i64>,
    /// Days from an order to its goods.
    pub lead_days: i64,
    /// Days that the goods shall last beyond that.
    pub cover_days: i64,
    /// It is sold in packs of so many units, at least 1.
    pub pack: i64,
    /// Fewer units than this are not sold.
    pub minimum: i64,
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// Units that are there or on their way, and nobody's.
    pub available: i64,
    /// From how few of those on it is bought again.
    pub point: i64,
    /// Units to buy; 0 where none are needed.
    pub quantity: i64,
}

/// Decides. Of a product that does not sell and has no reorder point, only what orders wait
/// for is bought. Whoever buys what this says and asks again is told to buy nothing.
#[must_use]
pub fn advise(s: &Situation) -> Advice {
    let available = s.on_hand - s.reserved - s.open_demand + s.on_order;
    let point = s.reorder_point.unwrap_or_else(|| s.needed_for(s.lead_days));
    let sells = s.dispatched > 0 || s.reorder_point.is_some();
    let low = if sells {
        available <= point
    } else {
        available < 0
    };
    let quantity = if low {
        // Above the point at least, or the next look would buy again.
        let beyond = s.needed_for(s.cover_days).max(i64::from(sells));
        let lacking = point - available + beyond;
        let (pack, least) = (s.pack.max(1), lacking.max(s.minimum));
        let whole = i128::from(least) + i128::from(pack) - 1;
        (whole / i128::from(pack) * i128::from(pack)) as i64
    } else {
        0
    };
    Advice {
        available,
        point,
        quantity,
    }
}

impl Situation {
    /// Units that go out in so many days, rounded up.
    fn needed_for(&self, days: i64) -> i64 {
        let history = i128::from(self.days.max(1));
        let units = i128::from(self.dispatched) * i128::from(days);
        ((units + history - 1) / history) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 3 units in 2 days, 7 days until they come.
    const SELLING: Situation = Situation {
        on_hand: 20,
        reserved: 4,
        open_demand: 1,
        on_order: 5,
        dispatched: 3,
        days: 2,
        reorder_point: None,
        lead_days: 7,
        cover_days: 30,
        pack: 1,
        minimum: 0,
    };

    #[test]
    fn what_is_there_is_held_against_what_goes_until_more_comes() {
        let enough = advise(&SELLING);
        assert_eq!(
            (enough.available, enough.point, enough.quantity),
            (20, 11, 0)
        );
        let low = advise(&Situation {
            on_hand: 11,
            ..SELLING
        });
        assert_eq!((low.available, low.point, low.quantity), (11, 11, 45));
    }

    #[test]
    fn packs_are_whole_and_not_below_the_minimum() {
        let low = Situation {
            on_hand: 11,
            ..SELLING
        };
        assert_eq!(advise(&Situation { pack: 12, ..low }).quantity, 48);
        let minimum = Situation {
            pack: 12,
            minimum: 100,
            ..low
        };
        assert_eq!(advise(&minimum).quantity, 108);
    }

    #[test]
    fn what_nobody_wants_is_not_bought_unless_a_person_says_so() {
        let idle = Situation {
            days: 1,
            pack: 1,
            ..Situation::default()
        };
        assert_eq!(advise(&idle).quantity, 0);
        let point = Situation {
            reorder_point: Some(5),
            ..idle
        };
        assert_eq!(advise(&point).quantity, 6);
        let waited_for = Situation {
            open_demand: 3,
            ..idle
        };
        assert_eq!(advise(&waited_for).quantity, 3);
    }

    proptest! {
        #[test]
        fn what_was_bought_is_enough_and_comes_in_packs(
            on_hand in 0_i64..1000,
            reserved in 0_i64..100,
            open_demand in 0_i64..100,
            on_order in 0_i64..200,
            dispatched in 0_i64..5000,
            days in 1_i64..=90,
            reorder_point in prop::option::of(0_i64..500),
            (lead_days, cover_days) in (0_i64..120, 0_i64..120),
            (pack, minimum) in (1_i64..50, 0_i64..300),
        ) {
            let situation = Situation {
                on_hand, reserved, open_demand, on_order, dispatched, days, reorder_point,
                lead_days, cover_days, pack, minimum,
            };
            let advice = advise(&situation);
            prop_assert_eq!(advice.quantity % pack, 0);
            if advice.quantity > 0 {
                prop_assert!(advice.available <= advice.point);
                prop_assert!(advice.quantity >= minimum);
                prop_assert!(advice.available + advice.quantity >= advice.point);
                let bought = Situation { on_order: on_order + advice.quantity, ..situation };
                prop_assert_eq!(advise(&bought).quantity, 0);
            }
        }
    }
}
