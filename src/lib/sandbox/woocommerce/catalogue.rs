//! The shop's products and variations, and the ways to find them: by id, by SKU, by GTIN,
//! by time of change. Whatever changes an item goes through here, so that the indexes hold.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::dates;
use super::index::{Index, Stamps};
use super::record::{Kind, Object, Record};

/// A product or a variation.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its id; products, variations and orders share one sequence.
    pub id: u64,
    /// The variable product, for a variation.
    pub parent: Option<u64>,
    /// When it was made and last changed.
    pub stamps: Stamps,
    /// What the API shows.
    pub record: Record,
}

impl Item {
    /// An item made at `now`, without anything of its own.
    pub fn new(id: u64, parent: Option<u64>, now: i64) -> Self {
        let kind = parent.map_or(Kind::Product, |_| Kind::Variation);
        let mut record = Record::new(kind);
        record.set("id", id);
        if let Some(parent) = parent {
            record.set("parent_id", parent);
        }
        for (key, value) in [
            ("date_created", dates::local(now)),
            ("date_created_gmt", dates::gmt(now)),
            ("date_modified", dates::local(now)),
            ("date_modified_gmt", dates::gmt(now)),
        ] {
            record.set(key, value);
        }
        let stamps = Stamps {
            created: now,
            modified: now,
        };
        Self {
            id,
            parent,
            stamps,
            record,
        }
    }

    /// An item as a dump has it. A variation names its parent in `parent_id`.
    ///
    /// # Errors
    /// No id, no dates, or a variation without a parent; the text says which.
    pub fn from_object(kind: Kind, object: Object) -> Result<Self, String> {
        let id = read_id(&object)?;
        let parent = match kind {
            Kind::Variation => Some(
                object
                    .get("parent_id")
                    .and_then(Value::as_u64)
                    .filter(|parent| *parent > 0)
                    .ok_or("a variation needs the \"parent_id\" of its product")?,
            ),
            _ => None,
        };
        let stamps = read_stamps(&object)?;
        Ok(Self {
            id,
            parent,
            stamps,
            record: Record::from_object(kind, object),
        })
    }

    /// Whether it lies in the trash.
    pub fn is_trashed(&self) -> bool {
        self.record.text("status") == "trash"
    }
}

/// The id of a dumped object.
///
/// # Errors
/// There is none.
pub fn read_id(object: &Object) -> Result<u64, String> {
    object
        .get("id")
        .and_then(Value::as_u64)
        .filter(|id| *id > 0)
        .ok_or_else(|| "no \"id\" above 0".to_owned())
}

/// The GMT dates of a dumped object.
///
/// # Errors
/// One is missing, or no date.
pub fn read_stamps(object: &Object) -> Result<Stamps, String> {
    let read = |key: &str| {
        object
            .get(key)
            .and_then(Value::as_str)
            .and_then(dates::parse_gmt)
            .ok_or_else(|| format!("{key:?} is not a date such as 2026-11-24T08:30:00"))
    };
    Ok(Stamps {
        created: read("date_created_gmt")?,
        modified: read("date_modified_gmt")?,
    })
}

/// Codes that lead to one item at most.
const CODES: [&str; 2] = ["sku", "global_unique_id"];

/// All products and variations.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    items: BTreeMap<u64, Item>,
    /// Products outside the trash. Variations are never listed.
    listed: Index,
    codes: [HashMap<String, u64>; 2],
    children: BTreeMap<u64, Vec<u64>>,
}

impl Catalogue {
    /// A product or variation, also one in the trash.
    pub fn get(&self, id: u64) -> Option<&Item> {
        self.items.get(&id)
    }

    /// All items in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// The products that lists show.
    pub fn listed(&self) -> &Index {
        &self.listed
    }

    /// The variations of a product.
    pub fn children(&self, parent: u64) -> &[u64] {
        self.children.get(&parent).map_or(&[], Vec::as_slice)
    }

    /// Who has a SKU, whatever its case.
    pub fn by_sku(&self, sku: &str) -> Option<u64> {
        self.by_code(0, sku)
    }

    /// Who has a GTIN.
    pub fn by_gtin(&self, gtin: &str) -> Option<u64> {
        self.by_code(1, gtin)
    }

    fn by_code(&self, which: usize, code: &str) -> Option<u64> {
        let found = self.codes[which].get(&code.to_lowercase());
        found.copied().filter(|_| !code.is_empty())
    }

    /// Adds an item. Of two with the same code, the first keeps it.
    pub fn insert(&mut self, item: Item) {
        let id = item.id;
        if let Some(parent) = item.parent {
            self.children.entry(parent).or_default().push(id);
        }
        self.items.insert(id, item);
        self.list(id);
    }

    /// Takes an item out, with its variations.
    pub fn remove(&mut self, id: u64) -> Option<Item> {
        for child in self.children(id).to_vec() {
            self.remove(child);
        }
        self.unlist(id);
        let item = self.items.remove(&id)?;
        if let Some(parent) = item.parent {
            if let Some(children) = self.children.get_mut(&parent) {
                children.retain(|child| *child != id);
            }
            self.note_children(parent);
        }
        Some(item)
    }

    /// Changes an item's fields; codes and status go through here too.
    pub fn edit<R>(&mut self, id: u64, change: impl FnOnce(&mut Record) -> R) -> Option<R> {
        self.unlist(id);
        let result = self.items.get_mut(&id).map(|item| change(&mut item.record));
        self.list(id);
        result
    }

    /// Changes fields that no index looks at.
    pub fn edit_unindexed(&mut self, id: u64, change: impl FnOnce(&mut Record)) {
        if let Some(item) = self.items.get_mut(&id) {
            change(&mut item.record);
        }
    }

    /// Dates an item's change, and with a variation's that of its product.
    pub fn touch(&mut self, id: u64, now: i64) {
        let Some(item) = self.items.get_mut(&id) else {
            return;
        };
        self.listed.modify(id, now);
        item.stamps.modified = now;
        item.record.set("date_modified", dates::local(now));
        item.record.set("date_modified_gmt", dates::gmt(now));
        if let Some(parent) = item.parent {
            self.touch(parent, now);
        }
    }

    /// Writes the ids of its variations into a product.
    pub fn note_children(&mut self, parent: u64) {
        let ids: Vec<Value> = self
            .children(parent)
            .iter()
            .copied()
            .map(Value::from)
            .collect();
        self.edit_unindexed(parent, |record| {
            record.set("has_options", !ids.is_empty());
            record.set("variations", ids);
        });
    }

    fn list(&mut self, id: u64) {
        let Some(item) = self.items.get(&id).filter(|item| !item.is_trashed()) else {
            return;
        };
        if item.parent.is_none() {
            self.listed.add(id, item.stamps);
        }
        for (which, key) in CODES.iter().enumerate() {
            let code = item.record.text(key);
            if !code.is_empty() {
                self.codes[which].entry(code.to_lowercase()).or_insert(id);
            }
        }
    }

    fn unlist(&mut self, id: u64) {
        let Some(item) = self.items.get(&id) else {
            return;
        };
        self.listed.remove(id);
        for (which, key) in CODES.iter().enumerate() {
            let code = item.record.text(key).to_lowercase();
            if self.codes[which].get(&code) == Some(&id) {
                self.codes[which].remove(&code);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: u64, parent: Option<u64>, sku: &str) -> Item {
        let mut item = Item::new(id, parent, 1000);
        item.record.set("sku", sku);
        item
    }

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        catalogue.insert(item(1, None, "Cup"));
        catalogue.insert(item(2, None, "Shirt"));
        catalogue.insert(item(3, Some(2), "Shirt-S"));
        catalogue
    }

    #[test]
    fn codes_follow_the_item_and_its_trash() {
        let mut catalogue = catalogue();
        assert_eq!(catalogue.by_sku("SHIRT-s"), Some(3));
        catalogue.edit(3, |record| record.set("sku", "Shirt-M"));
        assert_eq!(catalogue.by_sku("shirt-s"), None);
        assert_eq!(catalogue.by_sku("shirt-m"), Some(3));
        catalogue.edit(1, |record| record.set("status", "trash"));
        assert_eq!(catalogue.by_sku("cup"), None);
        assert_eq!(catalogue.listed().len(), 1);
        assert!(catalogue.get(1).is_some());
    }

    #[test]
    fn variations_go_with_their_product_and_move_its_date() {
        let mut catalogue = catalogue();
        catalogue.touch(3, 2000);
        assert_eq!(
            catalogue.get(2).map(|item| item.stamps.modified),
            Some(2000)
        );
        catalogue.remove(2);
        assert!(catalogue.get(3).is_none());
        assert_eq!(catalogue.by_sku("shirt-m"), None);
        assert_eq!(catalogue.listed().len(), 1);
    }
}
