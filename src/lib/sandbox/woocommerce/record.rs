//! One object of the shop as its API shows it: what it has of its own, over a template that
//! all objects of its kind share. Most of a product's 66 fields are the same everywhere, so
//! that 50,000 of them fit in little memory.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A JSON object.
pub type Object = Map<String, Value>;

static PRODUCT: LazyLock<Object> =
    LazyLock::new(|| template(include_str!("templates/product.json")));
static VARIATION: LazyLock<Object> =
    LazyLock::new(|| template(include_str!("templates/variation.json")));
static ORDER: LazyLock<Object> = LazyLock::new(|| template(include_str!("templates/order.json")));
static REFUND: LazyLock<Object> = LazyLock::new(|| template(include_str!("templates/refund.json")));

/// A template compiled in; a unit test reads each, so that the default is never taken.
fn template(text: &str) -> Object {
    serde_json::from_str(text).unwrap_or_default()
}

/// The kinds of object there is a template for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A product, simple or variable.
    Product,
    /// A variation of a variable product.
    Variation,
    /// An order.
    Order,
    /// A refund of an order.
    Refund,
}

impl Kind {
    fn template(self) -> &'static Object {
        match self {
            Self::Product => &PRODUCT,
            Self::Variation => &VARIATION,
            Self::Order => &ORDER,
            Self::Refund => &REFUND,
        }
    }
}

/// One object of the shop.
#[derive(Debug, Clone)]
pub struct Record {
    base: &'static Object,
    own: Vec<(Cow<'static, str>, Value)>,
}

impl Record {
    /// An object that has nothing of its own yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            base: kind.template(),
            own: Vec::new(),
        }
    }

    /// An object as a dump has it; fields unknown to the template are kept.
    pub fn from_object(kind: Kind, object: Object) -> Self {
        let mut record = Self::new(kind);
        for (key, value) in object {
            if record.base.get(&key) != Some(&value) {
                record.set(&key, value);
            }
        }
        record.own.shrink_to_fit();
        record
    }

    /// A field, `null` where there is none.
    pub fn get(&self, key: &str) -> &Value {
        self.own_value(key)
            .or_else(|| self.base.get(key))
            .unwrap_or(&Value::Null)
    }

    /// A text field, empty where it is none.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).as_str().unwrap_or_default()
    }

    /// A whole number.
    pub fn int(&self, key: &str) -> Option<i64> {
        self.get(key).as_i64()
    }

    /// A switch.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).as_bool().unwrap_or_default()
    }

    /// A list.
    pub fn list(&self, key: &str) -> &[Value] {
        self.get(key).as_array().map_or(&[], Vec::as_slice)
    }

    /// Sets a field.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        *self.slot(key) = value.into();
    }

    /// Changes a list; an empty one takes the place of anything else.
    pub fn edit_list<R>(&mut self, key: &str, change: impl FnOnce(&mut Vec<Value>) -> R) -> R {
        let slot = self.slot(key);
        let mut list = match slot.take() {
            Value::Array(list) => list,
            _ => Vec::new(),
        };
        let result = change(&mut list);
        *slot = Value::Array(list);
        result
    }

    /// What is shown of the object: all of it, or the fields asked for.
    pub fn view<'a>(&'a self, fields: Option<&'a Fields>) -> View<'a> {
        View {
            record: self,
            fields,
        }
    }

    fn own_value(&self, key: &str) -> Option<&Value> {
        self.own.iter().find(|(own, _)| own == key).map(|(_, v)| v)
    }

    /// The object's own place for a field, started from the template's value.
    fn slot(&mut self, key: &str) -> &mut Value {
        let found = self.own.iter().position(|(own, _)| own == key);
        let at = found.unwrap_or_else(|| {
            let (name, value) = match self.base.get_key_value(key) {
                Some((name, value)) => (Cow::Borrowed(name.as_str()), value.clone()),
                None => (Cow::Owned(key.to_owned()), Value::Null),
            };
            self.own.push((name, value));
            self.own.len() - 1
        });
        &mut self.own[at].1
    }
}

/// The tree of fields that `_fields=id,dimensions.length` asks for. A leaf stands for
/// everything below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, Fields)>);

impl Fields {
    /// Reads the parameter; `None` where it names nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = Self::default();
        for path in text.split([',', ' ']).filter(|path| !path.is_empty()) {
            fields.add(path);
        }
        (!fields.0.is_empty()).then_some(fields)
    }

    fn add(&mut self, path: &str) {
        let (head, rest) = match path.split_once('.') {
            Some((head, rest)) => (head, Some(rest)),
            None => (path, None),
        };
        match (self.0.iter().position(|(name, _)| name == head), rest) {
            (None, None) => self.0.push((head.to_owned(), Self::default())),
            (None, Some(rest)) => {
                let mut below = Self::default();
                below.add(rest);
                self.0.push((head.to_owned(), below));
            }
            // A whole field that is asked for stays whole.
            (Some(at), Some(rest)) if !self.0[at].1.0.is_empty() => self.0[at].1.add(rest),
            (Some(at), None) => self.0[at].1 = Self::default(),
            (Some(_), Some(_)) => {}
        }
    }

    fn below(&self, key: &str) -> Option<&Self> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, f)| f)
    }
}

/// An object as it is answered.
pub struct View<'a> {
    record: &'a Record,
    fields: Option<&'a Fields>,
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Record { base, own } = self.record;
        let extra = own.iter().filter(|(key, _)| !base.contains_key(&**key));
        let all = base
            .iter()
            .map(|(key, value)| (key.as_str(), self.record.own_value(key).unwrap_or(value)))
            .chain(extra.map(|(key, value)| (key.as_ref(), value)));
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in all {
            match self.fields.map(|fields| fields.below(key)) {
                None => map.serialize_entry(key, value)?,
                Some(Some(below)) => map.serialize_entry(key, &Part(value, below))?,
                Some(None) => {}
            }
        }
        map.end()
    }
}

/// A value cut down to the fields asked for. As in WordPress, a path into a list
/// (`line_items.id`) matches nothing, because a list's own keys are its positions.
struct Part<'a>(&'a Value, &'a Fields);

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value, fields) = self;
        match value {
            _ if fields.0.is_empty() => value.serialize(serializer),
            Value::Object(object) => {
                serializer.collect_map(object.iter().filter_map(|(key, value)| {
                    fields.below(key).map(|below| (key, Part(value, below)))
                }))
            }
            Value::Array(_) => serializer.serialize_seq(Some(0))?.end(),
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(record: &Record, fields: &str) -> Value {
        serde_json::to_value(record.view(Fields::parse(fields).as_ref())).unwrap()
    }

    #[test]
    fn every_template_is_an_object_with_an_id() {
        for kind in [Kind::Product, Kind::Variation, Kind::Order, Kind::Refund] {
            assert!(kind.template().contains_key("id"), "{kind:?}");
        }
    }

    #[test]
    fn a_dumped_object_reads_back_as_it_was() {
        let Value::Object(mut object) = shown(&Record::new(Kind::Product), "") else {
            panic!("an object")
        };
        object.insert("sku".to_owned(), json!("A-1"));
        object.insert("brand_of_old".to_owned(), json!([1]));
        let record = Record::from_object(Kind::Product, object.clone());
        assert_eq!(shown(&record, ""), Value::Object(object));
        assert_eq!(record.own.len(), 2);
    }

    #[test]
    fn fields_reach_into_objects_but_not_into_lists() {
        let mut record = Record::new(Kind::Product);
        record.set("dimensions", json!({"length": "1", "width": "2"}));
        record.set("categories", json!([{"id": 1, "name": "Tea"}]));
        assert_eq!(
            shown(&record, "id,dimensions.width,categories.id,nonsense"),
            json!({"id": 0, "dimensions": {"width": "2"}, "categories": []})
        );
        assert_eq!(
            shown(&record, "dimensions.width,dimensions"),
            json!({"dimensions": {"length": "1", "width": "2"}})
        );
    }
}
