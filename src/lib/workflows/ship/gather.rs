//! What leaves of an order that does not lie packed: the units of each demand, their lots, and
//! their serials.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::OneOrder;
use crate::fault::Fault;
use crate::store::orders::{DemandRow, LineRow};
use crate::store::{Tx, cogs, products, reservations, serials};
use crate::workflows::dispatch::{self, Item};

/// A line that is to leave, the pieces of it, and the lot asked for.
type Wished<'l> = (&'l LineRow, i64, Option<String>);

/// Adds units to what leaves for a demand.
fn add_item(items: &mut Vec<Item>, demand: DemandRow, units: i64, lots: Vec<(i64, i64)>) {
    match items.iter_mut().find(|item| item.demand.id == demand.id) {
        Some(item) => {
            item.units += units;
            for (lot, units) in lots {
                match item.lots.iter_mut().find(|(named, _)| *named == lot) {
                    Some((_, sum)) => *sum += units,
                    None => item.lots.push((lot, units)),
                }
            }
        }
        None => items.push(Item {
            demand,
            units,
            lots,
            from: None,
        }),
    }
}

impl OneOrder<'_> {
    /// What leaves of each demand: the lines asked for, or all that is still wanted.
    pub(super) async fn items(
        &self,
        tx: &mut Tx,
        demands: &[DemandRow],
        lines: &[LineRow],
    ) -> anyhow::Result<Vec<Item>> {
        let wished = self.wished(demands, lines)?;
        let mut free_taken: HashMap<i64, i64> = HashMap::new();
        let (mut items, mut lacking) = (Vec::<Item>::new(), Vec::new());
        for (line, pieces, lot) in wished {
            let of_line = || demands.iter().filter(|d| d.line_id == line.id);
            let mut possible = pieces;
            for demand in of_line() {
                let taken = free_taken.get(&demand.product_id).copied().unwrap_or(0);
                let there = dispatch::available(tx, demand).await? - taken;
                let mine = items.iter().filter(|item| item.demand.id == demand.id);
                let reserved = demand.reserved - mine.map(|item| item.units).sum::<i64>();
                let there = there.max(reserved) / demand.per_kit;
                if there < pieces {
                    lacking.push(format!("{} of {}", pieces - there, line.sku));
                }
                possible = possible.min(there);
            }
            for demand in of_line().filter(|_| possible > 0) {
                let units = possible * demand.per_kit;
                let mine = items.iter().filter(|item| item.demand.id == demand.id);
                let before: i64 = mine.map(|item| item.units).sum();
                let beyond = |units: i64| (units - demand.reserved).max(0);
                let taken = free_taken.entry(demand.product_id).or_default();
                *taken += beyond(before + units) - beyond(before);
                let lots = match &lot {
                    None => Vec::new(),
                    Some(code) => vec![(self.lot(tx, demand, code).await?, units)],
                };
                add_item(&mut items, *demand, units, lots);
            }
        }
        let name = &self.order.order_ref;
        if items.is_empty() && lacking.is_empty() {
            return Err(Fault::failed(format!("{name} wants nothing more"))
                .hint(format!("`opsctl orders show {name}`"))
                .into());
        }
        if (!lacking.is_empty() && !self.wish.partial) || items.is_empty() {
            let text = format!("{name} lacks {}", lacking.join(", "));
            let hint = if self.wish.partial {
                "nothing of it is there; `opsctl reserve` takes what has come in"
            } else {
                "`--partial` ships what is there; `opsctl reserve` takes what has come in"
            };
            return Err(Fault::failed(text).hint(hint).into());
        }
        Ok(items)
    }

    /// The lines that are to leave, with the pieces of each and the lot asked for.
    fn wished<'l>(
        &self,
        demands: &[DemandRow],
        lines: &'l [LineRow],
    ) -> Result<Vec<Wished<'l>>, Fault> {
        let pieces_left = |line: &LineRow| {
            let of_line = demands.iter().filter(|d| d.line_id == line.id);
            let pieces = of_line.map(|d| (d.quantity - d.shipped) / d.per_kit);
            pieces.min().unwrap_or(0)
        };
        if self.wish.lines.is_empty() {
            return Ok(lines
                .iter()
                .map(|line| (line, pieces_left(line), None))
                .filter(|(_, pieces, _)| *pieces > 0)
                .collect());
        }
        let mut wished = Vec::new();
        let mut taken: BTreeMap<i64, i64> = BTreeMap::new();
        for wish in &self.wish.lines {
            let mut left = wish.pieces;
            for line in lines.iter().filter(|line| line.sku == wish.sku) {
                let taken = taken.entry(line.id).or_default();
                let pieces = left.min(pieces_left(line) - *taken);
                if pieces > 0 {
                    left -= pieces;
                    *taken += pieces;
                    wished.push((line, pieces, wish.lot.clone()));
                }
            }
            if left > 0 {
                let name = &self.order.order_ref;
                let text = format!("{name} does not want {left} more of {}", wish.sku);
                return Err(Fault::failed(text).hint(format!("`opsctl orders show {name}`")));
            }
        }
        Ok(wished)
    }

    async fn lot(&self, tx: &mut Tx, demand: &DemandRow, code: &str) -> anyhow::Result<i64> {
        if products::tracking(tx, demand.product_id).await? == "none" {
            let text = "lots of this product are not told apart: the oldest leaves";
            return Err(Fault::usage(format!("@{code}: {text}"))
                .hint("name a lot only of products whose tracking is lot or serial")
                .into());
        }
        let found = cogs::lot(tx, demand.product_id, code).await?;
        Ok(found.ok_or_else(|| {
            Fault::failed(format!(
                "there is no lot {code:?} of what {} wants",
                self.order.order_ref
            ))
            .hint("`opsctl stock show SKU` lists the lots")
        })?)
    }

    /// The serials that leave, which say of which lots their units are. A product whose
    /// serials are known leaves with as many of them as units.
    pub(super) async fn serials(
        &self,
        tx: &mut Tx,
        items: &mut [Item],
    ) -> anyhow::Result<Vec<serials::Row>> {
        let mut given: Vec<String> = self.wish.serials.clone();
        let mut seen = HashSet::new();
        if let Some(twice) = given.iter().find(|serial| !seen.insert(*serial)) {
            return Err(Fault::usage(format!("serial {twice} is given twice")).into());
        }
        let mut leaving = Vec::new();
        for item in items.iter_mut() {
            let product = item.demand.product_id;
            if products::tracking(tx, product).await? != "serial" {
                continue;
            }
            let mut mine = Vec::new();
            for serial in &given {
                let found = serials::find(tx, serial, Some(product)).await?;
                mine.extend(found);
            }
            mine.retain(|s| leaving.iter().all(|l: &serials::Row| l.id != s.id));
            mine.truncate(item.units as usize);
            if let Some(gone) = mine.iter().find(|s| !s.in_house) {
                let text = format!("serial {} of {} is not in the house", gone.serial, gone.sku);
                return Err(Fault::failed(text)
                    .hint(format!("`opsctl serial {}` tells its life", gone.serial))
                    .into());
            }
            if (mine.len() as i64) < item.units {
                let skus = reservations::skus(tx, &[product]).await?;
                let sku = skus.get(&product).map_or("", String::as_str);
                let text = format!(
                    "{} units of {sku} leave with {} serials of it",
                    item.units,
                    mine.len()
                );
                return Err(Fault::failed(text)
                    .hint("give --serial for each unit; serials come in with `opsctl receive`")
                    .into());
            }
            let mut lots: BTreeMap<i64, i64> = BTreeMap::new();
            for serial in &mine {
                *lots.entry(serial.lot_id).or_default() += 1;
            }
            item.lots = lots.into_iter().collect();
            leaving.extend(mine);
        }
        given.retain(|serial| leaving.iter().all(|row| row.serial != *serial));
        match given.first() {
            None => Ok(leaving),
            Some(foreign) => Err(Fault::failed(format!(
                "serial {foreign} is not one of what leaves with {}",
                self.order.order_ref
            ))
            .hint(format!("`opsctl serial {foreign}` tells what it is"))
            .into()),
        }
    }
}
