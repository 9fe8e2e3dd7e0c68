//! First in, first out: which order gets which units, decided without a database.
//!
//! Demand is served oldest order first, from the oldest lot first. A kit takes whole kits
//! or nothing of a component; under the whole-order rule an order takes everything or
//! nothing. Planning again over the outcome of a plan changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// What one order line wants of one product. The caller gives them oldest order first,
/// the demands of an order together and of a line together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// The demand's id.
    pub id: i64,
    /// The order it belongs to.
    pub order: i64,
    /// The line it belongs to; a kit's line has a demand for each component.
    pub line: i64,
    /// The product wanted.
    pub product: i64,
    /// Units of the product in one ordered piece.
    pub per_kit: i64,
    /// Units wanted and not yet shipped.
    pub wanted: i64,
    /// Units of those that are reserved already.
    pub reserved: i64,
}

/// Units that may be promised. The caller gives them oldest lot first within a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Free {
    /// The balance (a lot at a location).
    pub balance: i64,
    /// Its product.
    pub product: i64,
    /// Units on hand and not reserved.
    pub units: i64,
}

/// Units promised to a demand, oldest reservation first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The demand.
    pub demand: i64,
    /// The balance they lie in.
    pub balance: i64,
    /// How many.
    pub units: i64,
}

/// How much a reservation grows (positive) or shrinks (negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The demand served.
    pub demand: i64,
    /// The balance it is served from.
    pub balance: i64,
    /// Units, never 0.
    pub units: i64,
}

/// The rules of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// An order takes everything it wants, or nothing.
    pub whole_order: bool,
}

/// What a run would write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Growth and shrinkage of reservations: by demand in the order given, then by lot.
    pub changes: Vec<Change>,
    /// Units each demand still lacks afterwards, in the order given; those that lack none
    /// are left out.
    pub backorders: Vec<(i64, i64)>,
}

/// The units of one product in the order in which they are taken.
#[derive(Default)]
struct Shelf {
    /// Where its units stand in the caller's list, oldest lot first.
    lots: Vec<usize>,
    next: usize,
    available: i64,
}

/// Who gets what so far. Demands and lots go by their places in the caller's lists.
struct Planner<'a> {
    demands: &'a [Demand],
    free: &'a [Free],
    /// Units left of each lot.
    left: Vec<i64>,
    /// Where in its product's order each lot stands.
    place: Vec<usize>,
    shelves: Vec<Shelf>,
    /// The shelf of each demand's product; none where there is nothing of it.
    shelf_of: Vec<Option<usize>>,
    /// Units each demand has by now.
    reserved: Vec<i64>,
    /// Demand, lot (none where the caller does not list it) and the change.
    changes: Vec<(usize, Option<usize>, Change)>,
}

impl<'a> Planner<'a> {
    fn new(demands: &'a [Demand], free: &'a [Free], withheld: &BTreeMap<i64, i64>) -> Self {
        let mut by_product: HashMap<i64, usize> = HashMap::new();
        let mut shelves: Vec<Shelf> = Vec::new();
        let mut place = Vec::with_capacity(free.len());
        for (at, unit) in free.iter().enumerate() {
            let shelf = *by_product.entry(unit.product).or_insert_with(|| {
                shelves.push(Shelf::default());
                shelves.len() - 1
            });
            place.push(shelves[shelf].lots.len());
            shelves[shelf].lots.push(at);
            shelves[shelf].available += unit.units;
        }
        for (product, units) in withheld {
            if let Some(shelf) = by_product.get(product) {
                shelves[*shelf].available -= units;
            }
        }
        Self {
            demands,
            free,
            left: free.iter().map(|unit| unit.units).collect(),
            place,
            shelf_of: demands
                .iter()
                .map(|demand| by_product.get(&demand.product).copied())
                .collect(),
            shelves,
            reserved: demands.iter().map(|demand| demand.reserved).collect(),
            changes: Vec::with_capacity(demands.len()),
        }
    }

    fn available(&self, demand: usize) -> i64 {
        self.shelf_of[demand].map_or(0, |shelf| self.shelves[shelf].available.max(0))
    }

    fn take(&mut self, demand: usize, mut units: i64) {
        self.reserved[demand] += units;
        let Some(product) = self.shelf_of[demand] else {
            return;
        };
        let stock = &mut self.shelves[product];
        stock.available -= units;
        while units > 0 && stock.next < stock.lots.len() {
            let lot = stock.lots[stock.next];
            let part = units.min(self.left[lot]);
            if part > 0 {
                self.left[lot] -= part;
                units -= part;
                let change = Change {
                    demand: self.demands[demand].id,
                    balance: self.free[lot].balance,
                    units: part,
                };
                self.changes.push((demand, Some(lot), change));
            }
            if self.left[lot] == 0 {
                stock.next += 1;
            }
        }
    }

    fn release(&mut self, demand: usize, mut units: i64, holdings: &Holdings) {
        self.reserved[demand] -= units;
        for piece in holdings.of(self.demands[demand].id).rev() {
            let part = units.min(piece.units);
            if part > 0 {
                units -= part;
                let lot = holdings.lots.get(&piece.balance).copied();
                let change = Change {
                    demand: piece.demand,
                    balance: piece.balance,
                    units: -part,
                };
                self.changes.push((demand, lot, change));
                self.put_back(demand, lot, part);
            }
        }
    }

    fn put_back(&mut self, demand: usize, lot: Option<usize>, units: i64) {
        if let (Some(lot), Some(product)) = (lot, self.shelf_of[demand])
            && self.free[lot].product == self.demands[demand].product
        {
            let stock = &mut self.shelves[product];
            self.left[lot] += units;
            stock.next = stock.next.min(self.place[lot]);
            stock.available += units;
        }
    }

    /// Gives back what a line cannot use: what makes no whole kit or, under the whole-order
    /// rule, everything that an order holds which is not served whole.
    fn give_back(&mut self, order: Range<usize>, holdings: &Holdings, rules: Rules) {
        let short = order
            .clone()
            .any(|d| self.demands[d].reserved < self.demands[d].wanted);
        for line in parts(self.demands, order, |d| d.line) {
            let kept = if rules.whole_order && short {
                0
            } else {
                whole_kits(&self.demands[line.clone()])
            };
            for at in line {
                let demand = &self.demands[at];
                let excess = demand.reserved - kept * demand.per_kit;
                if excess > 0 {
                    self.release(at, excess, holdings);
                }
            }
        }
    }

    fn serve(&mut self, order: Range<usize>, rules: Rules, backorders: &mut Vec<(i64, i64)>) {
        let serve = !rules.whole_order || self.can_serve_whole(order.clone());
        for line in parts(self.demands, order, |d| d.line) {
            let kits = line
                .clone()
                .map(|at| {
                    let demand = &self.demands[at];
                    let reachable = self.reserved[at] + self.available(at);
                    demand.wanted.min(reachable) / demand.per_kit
                })
                .min()
                .unwrap_or(0);
            for at in line {
                let demand = self.demands[at];
                let more = (kits * demand.per_kit).saturating_sub(self.reserved[at]);
                if serve && more > 0 {
                    self.take(at, more);
                }
                if self.reserved[at] < demand.wanted {
                    backorders.push((demand.id, demand.wanted - self.reserved[at]));
                }
            }
        }
    }

    /// Whether all that an order lacks is there, a product on two lines counted once.
    fn can_serve_whole(&self, order: Range<usize>) -> bool {
        let mut needs: HashMap<i64, (i64, i64)> = HashMap::new();
        for at in order {
            let (need, available) = needs.entry(self.demands[at].product).or_default();
            *need += self.demands[at].wanted - self.reserved[at];
            *available = self.available(at);
        }
        needs.values().all(|(need, available)| need <= available)
    }

    /// The changes by demand in the order given, then by lot; those of one reservation as one.
    fn into_changes(mut self) -> Vec<Change> {
        self.changes.sort_unstable();
        self.changes.dedup_by(|later, first| {
            let same = (later.0, later.2.balance) == (first.0, first.2.balance);
            if same {
                first.2.units += later.2.units;
            }
            same
        });
        let changes = self.changes.into_iter().map(|(_, _, change)| change);
        changes.filter(|change| change.units != 0).collect()
    }
}

/// What the demands hold, oldest reservation first.
struct Holdings<'a> {
    by_demand: HashMap<i64, Vec<&'a Held>>,
    /// Where the balances stand in the caller's list of lots.
    lots: HashMap<i64, usize>,
}

impl<'a> Holdings<'a> {
    fn new(held: &'a [Held], free: &[Free]) -> Self {
        let mut by_demand: HashMap<i64, Vec<&Held>> = HashMap::new();
        for piece in held {
            by_demand.entry(piece.demand).or_default().push(piece);
        }
        let lots = free.iter().enumerate().map(|(at, unit)| (unit.balance, at));
        Self {
            by_demand,
            lots: if held.is_empty() {
                HashMap::new()
            } else {
                lots.collect()
            },
        }
    }

    fn of(&self, demand: i64) -> impl DoubleEndedIterator<Item = &'a Held> + use<'a, '_> {
        self.by_demand.get(&demand).into_iter().flatten().copied()
    }
}

/// Decides who gets what.
///
/// `free` lists, beside the units to give, every balance that `held` names (with 0 units
/// where nothing is free). `withheld` are units of a product that stay untouched (a buffer).
pub fn plan(
    demands: &[Demand],
    free: &[Free],
    held: &[Held],
    withheld: &BTreeMap<i64, i64>,
    rules: Rules,
) -> Plan {
    let mut planner = Planner::new(demands, free, withheld);
    let holdings = Holdings::new(held, free);
    let orders: Vec<Range<usize>> = parts(demands, 0..demands.len(), |d| d.order).collect();
    for order in &orders {
        planner.give_back(order.clone(), &holdings, rules);
    }
    let mut backorders = Vec::new();
    for order in orders {
        planner.serve(order, rules, &mut backorders);
    }
    Plan {
        changes: planner.into_changes(),
        backorders,
    }
}

/// The runs of neighbours in a stretch of the list that share a key.
fn parts(
    demands: &[Demand],
    within: Range<usize>,
    key: fn(&Demand) -> i64,
) -> impl Iterator<Item = Range<usize>> {
    let mut from = within.start;
    let list = &demands[within];
    list.chunk_by(move |a, b| key(a) == key(b))
        .map(move |part| {
            let range = from..from + part.len();
            from = range.end;
            range
        })
}

/// How many ordered pieces a line has all components of.
fn whole_kits(line: &[Demand]) -> i64 {
    line.iter()
        .map(|d| d.reserved / d.per_kit)
        .min()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARTIAL: Rules = Rules { whole_order: false };
    const WHOLE: Rules = Rules { whole_order: true };

    fn demand(id: i64, order: i64, product: i64, wanted: i64) -> Demand {
        Demand {
            id,
            order,
            line: id,
            product,
            per_kit: 1,
            wanted,
            reserved: 0,
        }
    }

    fn free(balance: i64, product: i64, units: i64) -> Free {
        Free {
            balance,
            product,
            units,
        }
    }

    fn change(demand: i64, balance: i64, units: i64) -> Change {
        Change {
            demand,
            balance,
            units,
        }
    }

    #[test]
    fn the_oldest_order_takes_from_the_oldest_lot() {
        let plan = plan(
            &[demand(1, 1, 7, 3), demand(2, 2, 7, 3)],
            &[free(10, 7, 2), free(11, 7, 3)],
            &[],
            &BTreeMap::new(),
            PARTIAL,
        );
        assert_eq!(
            plan.changes,
            [change(1, 10, 2), change(1, 11, 1), change(2, 11, 2)]
        );
        assert_eq!(plan.backorders, [(2, 1)]);
    }

    #[test]
    fn a_whole_order_waits_and_a_younger_one_goes_first() {
        let plan = plan(
            &[demand(1, 1, 7, 1), demand(2, 1, 8, 1), demand(3, 2, 7, 1)],
            &[free(10, 7, 1)],
            &[],
            &BTreeMap::new(),
            WHOLE,
        );
        assert_eq!(plan.changes, [change(3, 10, 1)]);
        assert_eq!(plan.backorders, [(1, 1), (2, 1)]);
    }

    #[test]
    fn a_whole_order_counts_a_product_on_two_lines_once() {
        let plan = plan(
            &[demand(1, 1, 7, 2), demand(2, 1, 7, 2)],
            &[free(10, 7, 3)],
            &[],
            &BTreeMap::new(),
            WHOLE,
        );
        assert!(plan.changes.is_empty());
    }

    #[test]
    fn a_kit_takes_whole_kits_only_and_gives_back_what_makes_none() {
        let kit = |id, product, per_kit, reserved| Demand {
            id,
            order: 1,
            line: 5,
            product,
            per_kit,
            wanted: per_kit * 3,
            reserved,
        };
        let plan = plan(
            &[kit(1, 7, 2, 5), kit(2, 8, 1, 0)],
            &[free(10, 7, 1), free(11, 8, 2)],
            &[Held {
                demand: 1,
                balance: 10,
                units: 5,
            }],
            &BTreeMap::new(),
            PARTIAL,
        );
        assert_eq!(plan.changes, [change(1, 10, -1), change(2, 11, 2)]);
        assert_eq!(plan.backorders, [(1, 2), (2, 1)]);
    }

    #[test]
    fn withheld_units_stay() {
        let plan = plan(
            &[demand(1, 1, 7, 5)],
            &[free(10, 7, 5)],
            &[],
            &BTreeMap::from([(7, 2)]),
            PARTIAL,
        );
        assert_eq!(plan.changes, [change(1, 10, 3)]);
    }

    /// A little shop: demands with kits, lots, and what a first plan reserved.
    fn shop() -> impl Strategy<Value = (Vec<Demand>, Vec<Free>, bool)> {
        let line = (1i64..4, prop::collection::btree_map(1i64..5, 1i64..3, 1..3));
        let orders = prop::collection::vec(prop::collection::vec(line, 1..4), 0..8);
        let lots = prop::collection::vec((1i64..5, 1i64..9), 0..12);
        (orders, lots, any::<bool>()).prop_map(|(orders, lots, whole)| {
            let (mut demands, mut line_id) = (Vec::new(), 0);
            for (order, lines) in orders.into_iter().enumerate() {
                for (pieces, parts) in lines {
                    line_id += 1;
                    for (product, per_kit) in parts {
                        demands.push(Demand {
                            id: demands.len() as i64 + 1,
                            order: order as i64,
                            line: line_id,
                            product,
                            per_kit,
                            wanted: pieces * per_kit,
                            reserved: 0,
                        });
                    }
                }
            }
            let mut free: Vec<Free> = lots
                .into_iter()
                .enumerate()
                .map(|(i, (product, units))| free(i as i64 + 100, product, units))
                .collect();
            free.sort_by_key(|f| (f.product, f.balance));
            (demands, free, whole)
        })
    }

    fn apply(demands: &mut [Demand], free: &mut [Free], held: &mut Vec<Held>, plan: &Plan) {
        for c in &plan.changes {
            demands
                .iter_mut()
                .find(|d| d.id == c.demand)
                .unwrap()
                .reserved += c.units;
            free.iter_mut()
                .find(|f| f.balance == c.balance)
                .unwrap()
                .units -= c.units;
            match held
                .iter_mut()
                .find(|h| (h.demand, h.balance) == (c.demand, c.balance))
            {
                Some(h) => h.units += c.units,
                None => held.push(Held {
                    demand: c.demand,
                    balance: c.balance,
                    units: c.units,
                }),
            }
        }
        held.retain(|h| h.units > 0);
    }

    proptest! {
        #[test]
        fn nothing_is_promised_twice_and_a_second_plan_is_empty((mut demands, mut free, whole_order) in shop()) {
            let rules = Rules { whole_order };
            let mut held = Vec::new();
            let first = plan(&demands, &free, &held, &BTreeMap::new(), rules);
            apply(&mut demands, &mut free, &mut held, &first);
            for f in &free { prop_assert!(f.units >= 0); }
            for d in &demands {
                prop_assert!(d.reserved >= 0 && d.reserved <= d.wanted);
                let lacks = first.backorders.iter().find(|b| b.0 == d.id).map_or(0, |b| b.1);
                prop_assert_eq!(d.wanted - d.reserved, lacks);
            }
            for line in demands.chunk_by(|a, b| a.line == b.line) {
                let kits = line[0].reserved / line[0].per_kit;
                for d in line { prop_assert_eq!(d.reserved, kits * d.per_kit); }
            }
            if whole_order {
                for order in demands.chunk_by(|a, b| a.order == b.order) {
                    prop_assert!(order.iter().all(|d| d.reserved == d.wanted) || order.iter().all(|d| d.reserved == 0));
                }
            }
            let second = plan(&demands, &free, &held, &BTreeMap::new(), rules);
            prop_assert!(second.changes.is_empty(), "{:?}", second.changes);
            prop_assert_eq!(second.backorders, first.backorders);
        }

        #[test]
        fn a_changed_rule_converges_in_one_run((mut demands, mut free, whole_order) in shop()) {
            let mut held = Vec::new();
            for rules in [Rules { whole_order }, Rules { whole_order: !whole_order }] {
                let planned = plan(&demands, &free, &held, &BTreeMap::new(), rules);
                apply(&mut demands, &mut free, &mut held, &planned);
            }
            let again = plan(&demands, &free, &held, &BTreeMap::new(), Rules { whole_order: !whole_order });
            prop_assert!(again.changes.is_empty());
        }
    }
}
