//! What may be offered: stock less promises, for products and for kits of them.

use std::collections::HashMap;

/// How deep kits may lie within kits.
const DEEPEST: usize = 8;

/// The stock of one product and what is asked of it, in units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// On hand where it may be sold.
    pub on_hand: i64,
    /// Promised out of that.
    pub reserved: i64,
    /// Wanted by orders and not yet promised.
    pub open_demand: i64,
    /// Never offered.
    pub buffer: i64,
}

impl Position {
    /// Units that may be offered; never below 0.
    pub fn sellable(&self) -> i64 {
        (self.on_hand - self.reserved - self.open_demand - self.buffer).max(0)
    }
}

/// How many whole kits its components make, each given as (sellable, units per kit).
pub fn sellable_kits(components: impl IntoIterator<Item = (i64, i64)>) -> i64 {
    components
        .into_iter()
        .map(|(sellable, per_kit)| sellable / per_kit)
        .min()
        .unwrap_or(0)
}

/// A kit that contains itself, or lies too deep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a kit contains itself, or kits lie more than {DEEPEST} deep")]
pub struct KitCircle;

/// What one piece of a product draws on, down to what is stocked: itself, or the
/// components of its kit with their quantities, each component once.
///
/// # Errors
/// The kit contains itself.
pub fn explode(
    product: i64,
    kits: &HashMap<i64, Vec<(i64, i64)>>,
) -> Result<Vec<(i64, i64)>, KitCircle> {
    let mut parts: Vec<(i64, i64)> = Vec::new();
    collect(product, 1, kits, 0, &mut parts)?;
    Ok(parts)
}

fn collect(
    product: i64,
    quantity: i64,
    kits: &HashMap<i64, Vec<(i64, i64)>>,
    depth: usize,
    parts: &mut Vec<(i64, i64)>,
) -> Result<(), KitCircle> {
    if depth > DEEPEST {
        return Err(KitCircle);
    }
    match kits.get(&product) {
        Some(components) => {
            for (component, per_kit) in components {
                let quantity = quantity.checked_mul(*per_kit).ok_or(KitCircle)?;
                collect(*component, quantity, kits, depth + 1, parts)?;
            }
        }
        None => match parts.iter_mut().find(|(id, _)| *id == product) {
            Some(part) => part.1 = part.1.checked_add(quantity).ok_or(KitCircle)?,
            None => parts.push((product, quantity)),
        },
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_or_wanted_is_not_offered() {
        let position = Position {
            on_hand: 10,
            reserved: 4,
            open_demand: 1,
            buffer: 2,
        };
        assert_eq!(position.sellable(), 3);
        let oversold = Position {
            open_demand: 99,
            ..position
        };
        assert_eq!(oversold.sellable(), 0);
    }

    #[test]
    fn the_scarcest_component_sets_the_number_of_kits() {
        assert_eq!(sellable_kits([(10, 2), (4, 1)]), 4);
        assert_eq!(sellable_kits([]), 0);
    }

    #[test]
    fn a_kit_of_kits_comes_down_to_what_is_stocked() {
        let kits = HashMap::from([(1, vec![(2, 2), (3, 1)]), (2, vec![(3, 3), (4, 1)])]);
        assert_eq!(explode(1, &kits), Ok(vec![(3, 7), (4, 2)]));
        assert_eq!(explode(9, &kits), Ok(vec![(9, 1)]));
    }

    #[test]
    fn a_circle_is_named() {
        let kits = HashMap::from([(1, vec![(2, 1)]), (2, vec![(1, 1)])]);
        assert_eq!(explode(1, &kits), Err(KitCircle));
    }
}
