//! From where units are taken for a demand, decided without a database: first what is
//! promised to it, then what is free, oldest lot first. Lots that a person names are taken
//! wherever they lie, also where they are promised to others.

use super::layers::NotThere;

/// A lot at a location, as one demand sees it. The caller gives them oldest lot first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The balance.
    pub balance: i64,
    /// Its lot.
    pub lot: i64,
    /// Whether it is sold from there.
    pub sellable: bool,
    /// Units there that nobody has taken yet.
    pub units: i64,
    /// Units of those that are promised to this demand.
    pub mine: i64,
    /// Units of those that are promised to others.
    pub others: i64,
}

/// Units taken for a demand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// From where: (balance, units).
    pub from: Vec<(i64, i64)>,
    /// The demand's promises that this uses up: (balance, units). Where other units are
    /// taken than were promised, as many promises are used up as units are taken.
    pub used: Vec<(i64, i64)>,
}

/// Takes units for a demand: those of the lots named, where any are, (lot, units), and the
/// rest as said.
///
/// # Errors
/// They are not there.
pub fn take(spots: &[Spot], units: i64, named: &[(i64, i64)]) -> Result<Taken, NotThere> {
    let mut from = vec![0; spots.len()];
    let mut used = vec![0; spots.len()];
    let mut missing = 0;
    for (lot, wanted) in named {
        let mut left = *wanted;
        let of_lot = || {
            spots
                .iter()
                .enumerate()
                .filter(|(_, spot)| spot.lot == *lot)
        };
        for (at, spot) in of_lot() {
            let part = spot.mine.min(spot.units - from[at]).min(left).max(0);
            left -= part;
            from[at] += part;
            used[at] += part;
        }
        for (at, spot) in of_lot().filter(|(_, spot)| spot.sellable) {
            let part = (spot.units - from[at]).clamp(0, left);
            left -= part;
            from[at] += part;
        }
        missing += left;
    }
    let mut left = units - named.iter().map(|(_, units)| units).sum::<i64>();
    for (at, spot) in spots.iter().enumerate() {
        let mine = (spot.mine - used[at]).min(spot.units - from[at]);
        let part = mine.clamp(0, left.max(0));
        left -= part;
        from[at] += part;
        used[at] += part;
    }
    for (at, spot) in spots.iter().enumerate().filter(|(_, spot)| spot.sellable) {
        let promised = spot.others + spot.mine - used[at];
        let part = (spot.units - from[at] - promised).clamp(0, left.max(0));
        left -= part;
        from[at] += part;
    }
    missing += left.max(0);
    if missing > 0 {
        return Err(NotThere { missing });
    }
    let promised: i64 = spots.iter().map(|spot| spot.mine).sum();
    let mut more = units.min(promised) - used.iter().sum::<i64>();
    for (at, spot) in spots.iter().enumerate() {
        let part = (spot.mine - used[at]).min(more);
        more -= part;
        used[at] += part;
    }
    let pairs = |list: Vec<i64>| {
        let pairs = spots.iter().map(|s| s.balance).zip(list);
        pairs.filter(|(_, units)| *units > 0).collect()
    };
    Ok(Taken {
        from: pairs(from),
        used: pairs(used),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(balance: i64, units: i64, mine: i64, others: i64) -> Spot {
        Spot {
            balance,
            lot: balance * 10,
            sellable: true,
            units,
            mine,
            others,
        }
    }

    #[test]
    fn what_is_promised_goes_first_then_what_is_free() {
        let spots = [spot(1, 5, 0, 3), spot(2, 4, 2, 0)];
        let taken = take(&spots, 3, &[]).unwrap();
        assert_eq!(taken.from, [(1, 1), (2, 2)]);
        assert_eq!(taken.used, [(2, 2)]);
        assert_eq!(take(&spots, 7, &[]), Err(NotThere { missing: 1 }));
    }

    #[test]
    fn a_lot_that_is_named_is_taken_from_others_too() {
        let spots = [spot(1, 5, 2, 3), spot(2, 4, 0, 4)];
        let taken = take(&spots, 3, &[(20, 3)]).unwrap();
        assert_eq!(taken.from, [(2, 3)]);
        assert_eq!(taken.used, [(1, 2)]);
        assert!(take(&spots, 6, &[(20, 5)]).is_err());
    }

    #[test]
    fn some_of_a_named_lot_and_the_rest_as_it_comes() {
        let spots = [spot(1, 5, 2, 0), spot(2, 4, 1, 0)];
        let taken = take(&spots, 4, &[(20, 1)]).unwrap();
        assert_eq!(taken.from, [(1, 3), (2, 1)]);
        assert_eq!(taken.used, [(1, 2), (2, 1)]);
    }

    #[test]
    fn what_others_have_taken_is_not_taken_again() {
        let spots = [spot(1, 1, 3, 0)];
        assert_eq!(take(&spots, 2, &[]), Err(NotThere { missing: 1 }));
    }

    #[test]
    fn nothing_is_taken_where_nothing_is_sold_from() {
        let mut away = spot(1, 5, 0, 0);
        away.sellable = false;
        assert_eq!(take(&[away], 1, &[]), Err(NotThere { missing: 1 }));
    }
}
