//! The shop's dates: local time and GMT side by side, both without an offset.
//!
//! The stand-in shop is in Amsterdam, so that whoever mixes the two up is an hour or two off.

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Europe::Amsterdam;

const FORM: &str = "%Y-%m-%dT%H:%M:%S";

/// `unix_s` as GMT.
pub fn gmt(unix_s: i64) -> String {
    utc(unix_s).format(FORM).to_string()
}

/// `unix_s` in the shop's own time.
pub fn local(unix_s: i64) -> String {
    utc(unix_s)
        .with_timezone(&Amsterdam)
        .format(FORM)
        .to_string()
}

/// `unix_s` as an HTTP `Date` header.
pub fn http(unix_s: i64) -> String {
    utc(unix_s).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads a GMT date without an offset.
pub fn parse_gmt(text: &str) -> Option<i64> {
    naive(text).map(|at| at.and_utc().timestamp())
}

/// The moment that a date parameter means to the shop.
///
/// Without an offset it is GMT when `is_gmt`, else local time. With an offset it is that
/// instant; but together with `is_gmt` the shop first turns it into its local time and then
/// takes that for GMT, which is off by the shop's offset.
pub fn parse_parameter(text: &str, is_gmt: bool) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        let instant = at.timestamp();
        return Some(if is_gmt {
            instant + offset_s(instant)
        } else {
            instant
        });
    }
    let at = naive(text)?;
    if is_gmt {
        return Some(at.and_utc().timestamp());
    }
    Amsterdam
        .from_local_datetime(&at)
        .earliest()
        .map(|at| at.timestamp())
}

fn naive(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S"))
        .ok()
}

fn offset_s(unix_s: i64) -> i64 {
    let offset = Amsterdam.offset_from_utc_datetime(&utc(unix_s).naive_utc());
    i64::from(offset.fix().local_minus_utc())
}

fn utc(unix_s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(unix_s, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JULY: i64 = 1_785_146_459; // 2026-07-27T10:00:59Z

    #[test]
    fn local_time_knows_summer() {
        assert_eq!(gmt(JULY), "2026-07-27T10:00:59");
        assert_eq!(local(JULY), "2026-07-27T12:00:59");
        assert_eq!(http(JULY), "Mon, 27 Jul 2026 10:00:59 GMT");
        assert_eq!(parse_gmt("2026-07-27T10:00:59"), Some(JULY));
    }

    #[test]
    fn a_date_parameter_means_what_it_means_to_the_shop() {
        let cases = [
            ("2026-07-27T10:00:59", true, JULY),
            ("2026-07-27T10:00:59Z", false, JULY),
            ("2026-07-27T12:00:59", false, JULY),
            ("2026-07-27T12:00:59+02:00", false, JULY),
            // Both at once: two hours late, so two hours of changes go unseen.
            ("2026-07-27T10:00:59Z", true, JULY + 7200),
        ];
        for (text, is_gmt, expected) in cases {
            assert_eq!(
                parse_parameter(text, is_gmt),
                Some(expected),
                "{text} {is_gmt}"
            );
        }
        assert_eq!(parse_parameter("yesterday", true), None);
    }
}
