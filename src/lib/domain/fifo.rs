//! First in, first out: which order gets which units, decided without a database.
//!
//! Demand is served oldest order first, from the oldest lot first. A kit takes whole kits
//! or nothing of a component; under the whole-order rule an order takes everything or
//! nothing. Planning again over the outcome of a plan changes nothing.

use std::collections::{BTreeMap, HashMap};

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
    balances: Vec<(i64, i64)>,
    next: usize,
    available: i64,
}

impl Shelf {
    fn put_back(&mut self, balance: i64, units: i64) {
        if let Some(at) = self.balances.iter().position(|(id, _)| *id == balance) {
            self.balances[at].1 += units;
            self.next = self.next.min(at);
            self.available += units;
        }
    }

    fn take(&mut self, mut units: i64, mut taken: impl FnMut(i64, i64)) {
        self.available -= units;
        while units > 0 && self.next < self.balances.len() {
            let (balance, free) = &mut self.balances[self.next];
            let part = units.min(*free);
            if part > 0 {
                *free -= part;
                units -= part;
                taken(*balance, part);
            }
            if *free == 0 {
                self.next += 1;
            }
        }
    }
}

struct Planner {
    shelves: HashMap<i64, Shelf>,
    changes: HashMap<(i64, i64), i64>,
}

impl Planner {
    fn available(&self, product: i64) -> i64 {
        self.shelves.get(&product).map_or(0, |s| s.available.max(0))
    }

    fn take(&mut self, demand: &Demand, units: i64) {
        if let Some(shelf) = self.shelves.get_mut(&demand.product) {
            let changes = &mut self.changes;
            shelf.take(units, |balance, part| {
                *changes.entry((demand.id, balance)).or_default() += part;
            });
        }
    }

    fn release(&mut self, demand: &Demand, mut units: i64, held: &HashMap<i64, Vec<Held>>) {
        for piece in held.get(&demand.id).into_iter().flatten().rev() {
            let part = units.min(piece.units);
            if part > 0 {
                units -= part;
                *self.changes.entry((demand.id, piece.balance)).or_default() -= part;
                if let Some(shelf) = self.shelves.get_mut(&demand.product) {
                    shelf.put_back(piece.balance, part);
                }
            }
        }
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
    let mut planner = Planner {
        shelves: HashMap::new(),
        changes: HashMap::new(),
    };
    for unit in free {
        let shelf = planner.shelves.entry(unit.product).or_default();
        shelf.balances.push((unit.balance, unit.units));
        shelf.available += unit.units;
    }
    for (product, units) in withheld {
        if let Some(shelf) = planner.shelves.get_mut(product) {
            shelf.available -= units;
        }
    }
    let mut holdings: HashMap<i64, Vec<Held>> = HashMap::new();
    for piece in held {
        holdings.entry(piece.demand).or_default().push(*piece);
    }

    let mut reserved: HashMap<i64, i64> = HashMap::new();
    for order in demands.chunk_by(|a, b| a.order == b.order) {
        let short = order.iter().any(|d| d.reserved < d.wanted);
        for line in order.chunk_by(|a, b| a.line == b.line) {
            let kept = if rules.whole_order && short {
                0
            } else {
                whole_kits(line)
            };
            for demand in line {
                let keep = (kept * demand.per_kit).min(demand.reserved);
                planner.release(demand, demand.reserved - keep, &holdings);
                reserved.insert(demand.id, keep);
            }
        }
    }
    let mut backorders = Vec::new();
    for order in demands.chunk_by(|a, b| a.order == b.order) {
        serve_order(&mut planner, order, &mut reserved, rules, &mut backorders);
    }
    Plan {
        changes: ordered(demands, free, planner.changes),
        backorders,
    }
}

fn serve_order(
    planner: &mut Planner,
    order: &[Demand],
    reserved: &mut HashMap<i64, i64>,
    rules: Rules,
    backorders: &mut Vec<(i64, i64)>,
) {
    let held = |reserved: &HashMap<i64, i64>, d: &Demand| reserved.get(&d.id).copied().unwrap_or(0);
    let serve = if rules.whole_order {
        let mut needs: HashMap<i64, i64> = HashMap::new();
        for demand in order {
            *needs.entry(demand.product).or_default() += demand.wanted - held(reserved, demand);
        }
        needs
            .iter()
            .all(|(product, units)| *units <= planner.available(*product))
    } else {
        true
    };
    for line in order.chunk_by(|a, b| a.line == b.line) {
        let kits = line
            .iter()
            .map(|d| {
                let reachable = held(reserved, d) + planner.available(d.product);
                d.wanted.min(reachable) / d.per_kit
            })
            .min()
            .unwrap_or(0);
        for demand in line {
            let mut now = held(reserved, demand);
            let more = (kits * demand.per_kit).saturating_sub(now);
            if serve && more > 0 {
                planner.take(demand, more);
                now += more;
                reserved.insert(demand.id, now);
            }
            if now < demand.wanted {
                backorders.push((demand.id, demand.wanted - now));
            }
        }
    }
}

/// How many ordered pieces a line has all components of.
fn whole_kits(line: &[Demand]) -> i64 {
    line.iter()
        .map(|d| d.reserved / d.per_kit)
        .min()
        .unwrap_or(0)
}

fn ordered(demands: &[Demand], free: &[Free], changes: HashMap<(i64, i64), i64>) -> Vec<Change> {
    let demand_rank: HashMap<i64, usize> =
        demands.iter().enumerate().map(|(i, d)| (d.id, i)).collect();
    let lot_rank: HashMap<i64, usize> = free
        .iter()
        .enumerate()
        .map(|(i, f)| (f.balance, i))
        .collect();
    let mut list: Vec<Change> = changes
        .into_iter()
        .filter(|(_, units)| *units != 0)
        .map(|((demand, balance), units)| Change {
            demand,
            balance,
            units,
        })
        .collect();
    list.sort_unstable_by_key(|c| (demand_rank.get(&c.demand), lot_rank.get(&c.balance)));
    list
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
