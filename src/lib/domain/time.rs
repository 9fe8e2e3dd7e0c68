//! Points in time as UTC milliseconds, the one form that the store and the rules share.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. Shown and serialised as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcMs(pub i64);

impl UtcMs {
    /// Reads RFC 3339 (`2026-11-24T08:30:00Z`), or the same without an offset, taken as UTC.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Some(Self(at.timestamp_millis()));
        }
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
            .ok()
            .map(|at| Self(at.and_utc().timestamp_millis()))
    }

    /// The calendar form, in UTC. Times outside chrono's range show as 1970.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// The calendar day in a zone: `YYYY-MM-DD`.
    #[must_use]
    pub fn day_in(self, zone: chrono_tz::Tz) -> String {
        let local = self.to_utc().with_timezone(&zone);
        local.format("%Y-%m-%d").to_string()
    }

    /// The time on a wall clock in a zone, as people tell it at a moment: `14:05`, with the
    /// day before it (`2026-11-24 14:05`) where that is another one.
    #[must_use]
    pub fn clock_in(self, zone: chrono_tz::Tz, now: Self) -> String {
        let local = self.to_utc().with_timezone(&zone);
        let form = if self.day_in(zone) == now.day_in(zone) {
            "%H:%M"
        } else {
            "%Y-%m-%d %H:%M"
        };
        local.format(form).to_string()
    }

    /// This time moved by a number of milliseconds.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl fmt::Display for UtcMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.0 % 1000 == 0 {
            SecondsFormat::Secs
        } else {
            SecondsFormat::Millis
        };
        f.write_str(&self.to_utc().to_rfc3339_opts(form, true))
    }
}

impl Serialize for UtcMs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UtcMs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("not a UTC time: {text:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_an_offset_is_utc() {
        assert_eq!(UtcMs::parse("1970-01-01T00:00:01"), Some(UtcMs(1000)));
        assert_eq!(UtcMs::parse("1970-01-01T01:00:01+01:00"), Some(UtcMs(1000)));
        assert_eq!(UtcMs::parse("yesterday"), None);
    }

    #[test]
    fn a_wall_clock_shows_the_day_where_it_is_another() {
        let zone = chrono_tz::Europe::Amsterdam;
        let at = |text| UtcMs::parse(text).unwrap();
        let now = at("2026-07-01T21:30:00Z");
        assert_eq!(at("2026-07-01T21:45:00Z").clock_in(zone, now), "23:45");
        let tomorrow = at("2026-07-01T22:15:00Z");
        assert_eq!(tomorrow.clock_in(zone, now), "2026-07-02 00:15");
    }

    #[test]
    fn shown_times_read_back() {
        for ms in [0, 1, 999, 1_764_000_000_123] {
            assert_eq!(UtcMs::parse(&UtcMs(ms).to_string()), Some(UtcMs(ms)));
        }
    }
}
