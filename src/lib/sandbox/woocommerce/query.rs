//! What a list is asked for: a page of it, in which order, changed since when.
//!
//! Parameters that the shop has but the sandbox does not know are refused, where the real
//! shop might ignore them: a filter that filters nothing must not go unseen.

use std::collections::BTreeSet;

use serde_json::json;

use super::dates;
use super::index::{Index, Window};
use super::record::Fields;
use super::reply::Refusal;

/// The decoded query of a request.
#[derive(Debug, Clone, Copy)]
pub struct Params<'a>(pub &'a [(String, String)]);

impl<'a> Params<'a> {
    /// A parameter's value; empty values count as absent.
    pub fn get(self, name: &str) -> Option<&'a str> {
        let mut all = self.0.iter().filter(|(key, _)| key == name);
        all.next_back()
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A list: `name=a,b`, or `name[]=a` as often as needed.
    pub fn list(self, name: &str) -> Option<Vec<&'a str>> {
        let is_ours = |key: &str| key == name || key.strip_suffix("[]") == Some(name);
        let parts: Vec<&str> = self
            .0
            .iter()
            .filter(|(key, _)| is_ours(key))
            .flat_map(|(_, value)| value.split([',', ' ']))
            .filter(|part| !part.is_empty())
            .collect();
        (!parts.is_empty()).then_some(parts)
    }

    /// A list of ids.
    ///
    /// # Errors
    /// Something in it is no id.
    pub fn ids(self, name: &str) -> Result<Option<Vec<u64>>, Refusal> {
        self.list(name)
            .map(|parts| parts.into_iter().map(str::parse).collect())
            .transpose()
            .map_err(|_| Refusal::parameter(name, &format!("{name}[0] is not of type integer.")))
    }

    /// A switch.
    pub fn flag(self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1"))
    }

    /// The fields that `_fields` asks for.
    pub fn fields(self) -> Option<Fields> {
        self.get("_fields").and_then(Fields::parse)
    }

    /// Refuses parameters other than `known` and those that any request may carry.
    ///
    /// # Errors
    /// There is one.
    pub fn only(self, known: &[&str]) -> Result<(), Refusal> {
        for (key, _) in self.0 {
            let name = key.strip_suffix("[]").unwrap_or(key);
            let common =
                matches!(name, "_fields" | "context" | "_locale") || name.starts_with("oauth_");
            if !common && !known.contains(&name) {
                return Err(Refusal::sandbox(format!(
                    "The sandbox does not know the query parameter {name} here."
                )));
            }
        }
        Ok(())
    }

    fn whole(self, name: &str, least: usize, most: usize) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let number: usize = text
            .parse()
            .map_err(|_| Refusal::parameter(name, &format!("{name} is not of type integer.")))?;
        if (least..=most).contains(&number) {
            return Ok(Some(number));
        }
        let why = if most == usize::MAX {
            format!("{name} must be greater than or equal to {least}")
        } else {
            format!("{name} must be between {least} (inclusive) and {most} (inclusive)")
        };
        let detail = json!({ name: {"code": "rest_out_of_bounds", "message": why, "data": null} });
        Err(Refusal::parameter(name, &why).with("details", detail))
    }

    fn moment(self, name: &str) -> Result<Option<i64>, Refusal> {
        let is_gmt = self.flag("dates_are_gmt");
        self.get(name)
            .map(|text| {
                dates::parse_parameter(text, is_gmt)
                    .ok_or_else(|| Refusal::parameter(name, "Invalid date."))
            })
            .transpose()
    }
}

/// Parameters that every list takes.
const LIST: [&str; 13] = [
    "page",
    "per_page",
    "offset",
    "order",
    "orderby",
    "search",
    "after",
    "before",
    "modified_after",
    "modified_before",
    "dates_are_gmt",
    "include",
    "exclude",
];

/// What a list is asked for.
#[derive(Debug, Clone)]
pub struct Listing<'a> {
    /// Objects on a page.
    pub per_page: usize,
    /// Text to look for, in lower case.
    pub search: Option<String>,
    /// The fields to show.
    pub fields: Option<Fields>,
    skip: usize,
    descending: bool,
    order_by: &'a str,
    created: Window,
    modified: Window,
    include: Option<Vec<u64>>,
    exclude: Vec<u64>,
}

impl<'a> Listing<'a> {
    /// Reads the parameters that every list takes, and refuses all but those and `filters`.
    ///
    /// # Errors
    /// A parameter is unknown, or out of its bounds.
    pub fn read(params: Params<'a>, filters: &[&str], orders: &[&str]) -> Result<Self, Refusal> {
        params.only(&[&LIST, filters].concat())?;
        let per_page = params.whole("per_page", 1, 100)?.unwrap_or(10);
        let page = params.whole("page", 1, usize::MAX)?.unwrap_or(1);
        let offset = params.whole("offset", 0, usize::MAX)?;
        let order_by = params.get("orderby").unwrap_or("date");
        if !orders.contains(&order_by) {
            let why = format!("orderby is not one of {}.", orders.join(", "));
            return Err(Refusal::parameter("orderby", &why));
        }
        let order = params.get("order").unwrap_or("desc");
        if !matches!(order, "asc" | "desc") {
            return Err(Refusal::parameter(
                "order",
                "order is not one of asc, desc.",
            ));
        }
        Ok(Self {
            per_page,
            search: params.get("search").map(str::to_lowercase),
            fields: params.fields(),
            skip: offset.unwrap_or_else(|| (page - 1).saturating_mul(per_page)),
            descending: order == "desc",
            order_by,
            created: Window {
                after: params.moment("after")?,
                before: params.moment("before")?,
            },
            modified: Window {
                after: params.moment("modified_after")?,
                before: params.moment("modified_before")?,
            },
            include: params.ids("include")?,
            exclude: params.ids("exclude")?.unwrap_or_default(),
        })
    }

    /// The page's ids, and how many there are on all pages. `keep` is `None` where every
    /// listed object is wanted; `name` is what `orderby=title` and the like compare.
    pub fn select(
        &self,
        index: &Index,
        keep: Option<&dyn Fn(u64) -> bool>,
        name: &dyn Fn(u64, &str) -> String,
    ) -> (Vec<u64>, usize) {
        let is_whole = keep.is_none()
            && self.modified.is_open()
            && self.created.is_open()
            && self.include.is_none()
            && self.exclude.is_empty();
        let all = Window::default();
        match (is_whole, self.order_by) {
            (true, "date") => (self.cut(index.created_in(all)), index.len()),
            (true, "modified") => (self.cut(index.modified_in(all)), index.len()),
            (true, "id") => (self.cut(index.ids()), index.len()),
            _ => self.filter(index, keep, name),
        }
    }

    fn cut(&self, ids: impl DoubleEndedIterator<Item = u64>) -> Vec<u64> {
        if self.descending {
            ids.rev().skip(self.skip).take(self.per_page).collect()
        } else {
            ids.skip(self.skip).take(self.per_page).collect()
        }
    }

    fn filter(
        &self,
        index: &Index,
        keep: Option<&dyn Fn(u64) -> bool>,
        name: &dyn Fn(u64, &str) -> String,
    ) -> (Vec<u64>, usize) {
        let mut ids = self.candidates(index);
        ids.retain(|id| {
            index.stamps(*id).is_some_and(|stamps| {
                self.created.holds(stamps.created) && self.modified.holds(stamps.modified)
            }) && !self.exclude.contains(id)
                && keep.is_none_or(|keep| keep(*id))
        });
        let total = ids.len();
        match self.order_by {
            "id" => ids.sort_unstable(),
            "date" => ids.sort_by_cached_key(|id| (index.stamps(*id).map(|s| s.created), *id)),
            "modified" => ids.sort_by_cached_key(|id| (index.stamps(*id).map(|s| s.modified), *id)),
            // As they were asked for, whatever the direction; `cut` turns it round.
            "include" if self.descending => ids.reverse(),
            "include" => {}
            other => ids.sort_by_cached_key(|id| (name(*id, other), *id)),
        }
        (self.cut(ids.into_iter()), total)
    }

    /// Ids among which all that are wanted are, each once.
    fn candidates(&self, index: &Index) -> Vec<u64> {
        if let Some(include) = &self.include {
            let mut seen = BTreeSet::new();
            let first = |id: &u64| seen.insert(*id);
            return include.iter().copied().filter(first).collect();
        }
        if self.modified.is_open() {
            index.created_in(self.created).collect()
        } else {
            index.modified_in(self.modified).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::Stamps;
    use super::*;

    const ORDERS: [&str; 5] = ["date", "id", "include", "title", "modified"];

    fn index() -> Index {
        let mut index = Index::default();
        for id in 1..=5_u64 {
            let created = 1000 - id as i64;
            let modified = 2000 + id as i64;
            index.add(id, Stamps { created, modified });
        }
        index
    }

    fn pairs(query: &str) -> Vec<(String, String)> {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    fn ids(query: &str) -> (Vec<u64>, usize) {
        let pairs = pairs(query);
        let listing = Listing::read(Params(&pairs), &[], &ORDERS).unwrap();
        listing.select(&index(), None, &|id, _| format!("{}", 9 - id))
    }

    #[test]
    fn pages_and_orders() {
        let cases: &[(&str, &[u64])] = &[
            ("", &[1, 2, 3, 4, 5]),
            ("order=asc", &[5, 4, 3, 2, 1]),
            ("orderby=id&order=asc&per_page=2", &[1, 2]),
            ("orderby=id&order=asc&per_page=2&page=3", &[5]),
            ("orderby=id&order=asc&per_page=2&page=4", &[]),
            ("orderby=id&order=asc&offset=4", &[5]),
            ("orderby=modified", &[5, 4, 3, 2, 1]),
            ("orderby=title&order=asc", &[5, 4, 3, 2, 1]),
        ];
        for (query, expected) in cases {
            assert_eq!(ids(query), (expected.to_vec(), 5), "{query}");
        }
    }

    #[test]
    fn windows_and_choices() {
        // 2003 s after 1970 is 00:33:23 GMT.
        let cases: &[(&str, &[u64])] = &[
            ("modified_after=1970-01-01T00:33:23Z&orderby=id", &[5, 4]),
            ("modified_before=1970-01-01T00:33:23Z&orderby=id", &[2, 1]),
            (
                "modified_after=1970-01-01T00:33:21&dates_are_gmt=true&modified_before=1970-01-01T00:33:23",
                &[2],
            ),
            (
                "modified_after=1970-01-01T00:33:23Z&modified_before=1970-01-01T00:33:23Z",
                &[],
            ),
            ("include=4,2,4,9&orderby=include", &[4, 2]),
            ("include[]=4&include[]=2&orderby=id", &[4, 2]),
            ("exclude=1,2,3&orderby=id&order=asc", &[4, 5]),
            ("after=1970-01-01T00:16:37Z&orderby=id", &[2, 1]),
        ];
        for (query, expected) in cases {
            assert_eq!(ids(query), (expected.to_vec(), expected.len()), "{query}");
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        for query in [
            "per_page=101",
            "per_page=0",
            "page=0",
            "page=x",
            "orderby=luck",
            "order=up",
            "modified_after=yesterday",
            "include=a",
            "colour=red",
        ] {
            let pairs = pairs(query);
            let refusal = Listing::read(Params(&pairs), &[], &ORDERS).unwrap_err();
            assert_eq!(refusal.status, 400, "{query}");
        }
    }
}
