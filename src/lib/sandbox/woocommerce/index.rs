//! The orders in which objects are listed: by id, by when they were made, by when they were
//! last changed. What keeps a page of 50,000 products fast.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// When an object was made and last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970.
    pub modified: i64,
}

/// An open span of time: both ends are outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// Only what comes after.
    pub after: Option<i64>,
    /// Only what comes before.
    pub before: Option<i64>,
}

impl Window {
    /// Whether it leaves nothing out.
    pub fn is_open(self) -> bool {
        self.after.is_none() && self.before.is_none()
    }

    /// Whether a moment lies in it.
    pub fn holds(self, at: i64) -> bool {
        self.after.is_none_or(|after| at > after) && self.before.is_none_or(|before| at < before)
    }
}

type Timeline = BTreeSet<(i64, u64)>;

/// The objects of a kind.
#[derive(Debug, Clone, Default)]
pub struct Index {
    stamps: BTreeMap<u64, Stamps>,
    created: Timeline,
    modified: Timeline,
}

impl Index {
    /// Lists an object.
    pub fn add(&mut self, id: u64, stamps: Stamps) {
        self.stamps.insert(id, stamps);
        self.created.insert((stamps.created, id));
        self.modified.insert((stamps.modified, id));
    }

    /// Lists an object no more.
    pub fn remove(&mut self, id: u64) {
        if let Some(stamps) = self.stamps.remove(&id) {
            self.created.remove(&(stamps.created, id));
            self.modified.remove(&(stamps.modified, id));
        }
    }

    /// Moves an object to another time of change; one that is not listed stays so.
    pub fn modify(&mut self, id: u64, modified: i64) {
        if let Some(stamps) = self.stamps.get_mut(&id) {
            self.modified.remove(&(stamps.modified, id));
            self.modified.insert((modified, id));
            stamps.modified = modified;
        }
    }

    /// How many are listed.
    pub fn len(&self) -> usize {
        self.stamps.len()
    }

    /// The times of a listed object.
    pub fn stamps(&self, id: u64) -> Option<Stamps> {
        self.stamps.get(&id).copied()
    }

    /// All ids, ascending.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.stamps.keys().copied()
    }

    /// What was made in a span of time, oldest first.
    pub fn created_in(&self, window: Window) -> impl DoubleEndedIterator<Item = u64> {
        within(&self.created, window)
    }

    /// What was last changed in a span of time, oldest first.
    pub fn modified_in(&self, window: Window) -> impl DoubleEndedIterator<Item = u64> {
        within(&self.modified, window)
    }
}

fn within(timeline: &Timeline, window: Window) -> impl DoubleEndedIterator<Item = u64> {
    let starts = |at| Bound::Excluded((at, u64::MAX));
    let ends = |at| Bound::Excluded((at, 0));
    let range = match (window.after, window.before) {
        // A range whose end lies before its start would panic.
        (Some(after), Some(before)) if after >= before => {
            (Bound::Included((after, 0)), Bound::Excluded((after, 0)))
        }
        (after, before) => (
            after.map_or(Bound::Unbounded, starts),
            before.map_or(Bound::Unbounded, ends),
        ),
    };
    timeline.range(range).map(|(_, id)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_leave_out_both_ends() {
        let mut index = Index::default();
        for id in 1..=5_u64 {
            let modified = id as i64;
            index.add(
                id,
                Stamps {
                    created: 0,
                    modified,
                },
            );
        }
        let ids =
            |after, before| -> Vec<u64> { index.modified_in(Window { after, before }).collect() };
        assert_eq!(ids(None, None), [1, 2, 3, 4, 5]);
        assert_eq!(ids(Some(2), None), [3, 4, 5]);
        assert_eq!(ids(Some(2), Some(4)), [3]);
        for (after, before) in [(2, 3), (2, 2), (4, 2), (i64::MAX, i64::MIN)] {
            assert_eq!(
                ids(Some(after), Some(before)),
                [] as [u64; 0],
                "{after} {before}"
            );
        }
    }

    #[test]
    fn an_object_moves_and_goes() {
        let mut index = Index::default();
        let at = |modified| Stamps {
            created: 0,
            modified,
        };
        index.add(1, at(1));
        index.add(2, at(2));
        index.modify(1, 9);
        index.modify(7, 9);
        assert_eq!(
            index.modified_in(Window::default()).collect::<Vec<_>>(),
            [2, 1]
        );
        index.remove(1);
        assert_eq!((index.len(), index.stamps(1)), (1, None));
        assert_eq!(index.created_in(Window::default()).count(), 1);
    }
}
