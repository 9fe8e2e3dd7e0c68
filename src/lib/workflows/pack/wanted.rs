//! What of the goods on the bench is wanted: an order may have changed since they were picked,
//! and of a kit only whole ones go.

use super::load::Lying;
use crate::domain::pack::{self, Want};

impl Lying {
    /// Units of a demand that may be packed, those that are packed included.
    pub(super) fn may_go(&self, demand: i64) -> i64 {
        self.may_go.get(&demand).copied().unwrap_or(0)
    }

    /// Units of a demand that lie in packages.
    pub(super) fn packed(&self, demand: i64) -> i64 {
        let of_demand = self.lines.iter().filter(|l| l.demand_id == demand);
        of_demand.map(|l| l.packed).sum()
    }

    /// Each demand with units that lie here: its SKU and what is picked of it.
    fn demands(&self) -> Vec<(&Want, &str)> {
        let sku = |want: &Want| {
            let line = self.lines.iter().find(|l| l.demand_id == want.demand)?;
            Some(line.sku.as_str())
        };
        let of = |want| Some((want, sku(want)?));
        self.wants.iter().filter_map(of).collect()
    }

    /// What is still to be packed: SKU and units.
    pub(super) fn still_to_pack(&self) -> Vec<(&str, i64)> {
        let still = |(want, sku): (&Want, _)| {
            let units = want.in_hand.min(self.may_go(want.demand)) - self.packed(want.demand);
            (sku, units)
        };
        let all = self.demands().into_iter().map(still);
        all.filter(|(_, units)| *units > 0).collect()
    }

    /// What is packed and may not go: SKU and units.
    pub(super) fn packed_beyond(&self) -> Vec<(&str, i64)> {
        let packed = |want: &Want| Want {
            in_hand: self.packed(want.demand),
            ..*want
        };
        let may_go = pack::may_go(&self.wants.iter().map(packed).collect::<Vec<_>>());
        let beyond = |(want, sku): (&Want, _)| {
            let goes = may_go.get(&want.demand).copied().unwrap_or(0);
            (sku, self.packed(want.demand) - goes)
        };
        let all = self.demands().into_iter().map(beyond);
        all.filter(|(_, units)| *units > 0).collect()
    }

    /// What of the goods here is too much for what the order wants now, or makes no whole
    /// kit; in words.
    pub(super) fn too_much(&self) -> Option<String> {
        let mut words = Vec::new();
        for (want, sku) in self.demands() {
            let beyond = want.in_hand - self.may_go(want.demand);
            let packed = (self.packed(want.demand) - self.may_go(want.demand)).max(0);
            if packed > 0 {
                words.push(format!("take {packed} of {sku} out again"));
            }
            if beyond > packed {
                words.push(format!("leave {} of {sku} on the bench", beyond - packed));
            }
        }
        (!words.is_empty()).then(|| format!("not all of it is wanted now: {}", words.join(", ")))
    }

    pub(super) fn left(&self) -> i64 {
        self.still_to_pack().iter().map(|(_, units)| units).sum()
    }
}
