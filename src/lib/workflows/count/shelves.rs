//! The shelves as a count finds them: which places a line speaks for, and what it costs when
//! units are found there or go.

use std::collections::HashMap;

use super::super::stock::gain_cost;
use crate::domain::cost::between;
use crate::domain::count::Lookup;
use crate::store::costs::Standing;
use crate::store::counts::LineRow;
use crate::store::found_lots::Names;
use crate::store::stock::{NewLot, Place};

/// What lies where of the products with differences, and what it costs.
pub(super) struct Shelves<'a> {
    /// By line: the places that it speaks for, oldest lot first.
    by_line: HashMap<usize, Vec<&'a Place>>,
    /// By product: its newest lot.
    newest: HashMap<i64, i64>,
    /// By product and name: its lots.
    lots: HashMap<(i64, &'a str), i64>,
    by_balance: HashMap<i64, i64>,
    /// How each lot stands, after what has been decided so far.
    standing: HashMap<i64, Standing>,
}

impl<'a> Shelves<'a> {
    pub(super) fn new(
        places: &'a [Place],
        names: &Names,
        lookup: &Lookup<'_>,
        standing: Vec<Standing>,
    ) -> Self {
        let mut by_line: HashMap<usize, Vec<&'a Place>> = HashMap::new();
        for place in places {
            let lot = names.of(place.lot_id, &place.lot);
            if let Some(at) = lookup.line(place.location_id, place.product_id, lot) {
                by_line.entry(at).or_default().push(place);
            }
        }
        let lot = |place: &'a Place| ((place.product_id, place.lot.as_str()), place.lot_id);
        Self {
            by_line,
            newest: places.iter().map(|p| (p.product_id, p.lot_id)).collect(),
            lots: places.iter().map(lot).collect(),
            by_balance: places.iter().map(|p| (p.id, p.lot_id)).collect(),
            standing: standing.into_iter().map(|s| (s.lot_id, s)).collect(),
        }
    }

    pub(super) fn of(&self, line: usize) -> &[&'a Place] {
        self.by_line.get(&line).map_or(&[], Vec::as_slice)
    }

    /// What was found is a lot of its own, at the cost of the lot it is thought to be of: the
    /// one named, else the newest.
    pub(super) fn gain(&self, row: &LineRow, units: i64, code: String, day: &str) -> NewLot {
        let named = self.lots.get(&(row.product_id, row.lot.as_str()));
        let parent = named.or_else(|| self.newest.get(&row.product_id)).copied();
        let standing = parent.and_then(|lot| self.standing.get(&lot));
        NewLot {
            product: row.product_id,
            code,
            received_on: day.to_owned(),
            quantity: units,
            location: row.location_id,
            cost: standing.and_then(|of| gain_cost(of, units, day)),
            supplier: None,
            invoice: None,
            parent,
        }
    }

    /// What the units cost that go; none where that is not known.
    pub(super) fn loss(&mut self, parts: &[(i64, i64)]) -> Option<i64> {
        let mut sum = Some(0);
        for (balance, units) in parts {
            let lot = self.by_balance.get(balance)?;
            let lot = self.standing.get_mut(lot)?;
            let cost = between(lot.cost_minor, lot.quantity, lot.out(), *units);
            lot.on_hand -= units;
            sum = sum
                .filter(|_| !lot.currency.is_empty())
                .map(|sum| sum + cost);
        }
        sum
    }
}
