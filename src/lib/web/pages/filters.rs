//! How the office's templates write times, money, counts and addresses.

use minijinja::{Environment, Error, Value};

use super::address;
use crate::domain::money::Currency;
use crate::domain::time::UtcMs;

/// Adds them.
pub fn add(environment: &mut Environment<'static>, zone: chrono_tz::Tz) {
    // A time that was serialised is text already.
    environment.add_filter("local_of", move |text: &str| {
        let local = |at: UtcMs| at.to_utc().with_timezone(&zone);
        UtcMs::parse(text).map(|at| local(at).format("%Y-%m-%d %H:%M").to_string())
    });
    environment.add_filter("utc", |at: i64| UtcMs(at).to_string());
    environment.add_filter("money", |minor: i64, code: &str| money(minor, code));
    environment.add_filter("part", |text: &str| address::part(text));
    environment.add_filter("number", grouped);
    environment.add_filter("upto", up_to);
    environment.add_filter("duration", duration);
}

/// A number of rows that was counted up to a limit.
fn up_to(count: &Value) -> Result<String, Error> {
    let rows = i64::try_from(count.get_attr("rows")?)?;
    let plus = if count.get_attr("more")?.is_true() {
        "+"
    } else {
        ""
    };
    Ok(format!("{}{plus}", grouped(rows)))
}

fn money(minor: i64, code: &str) -> String {
    code.parse::<Currency>().map_or_else(
        |_| minor.to_string(),
        |currency| format!("{} {currency}", currency.decimal(minor)),
    )
}

/// A whole number with its thousands apart, by a space that does not break.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if number < 0 {
        text.insert(0, '\u{2212}');
    }
    text
}

/// Milliseconds as a person says them.
fn duration(ms: i64) -> String {
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(grouped(-12), "\u{2212}12");
        assert_eq!(grouped(0), "0");
        assert_eq!(duration(999), "999 ms");
        assert_eq!(duration(1_250), "1.2 s");
        assert_eq!(duration(61_000), "1 min 1 s");
        assert_eq!(duration(7_260_000), "2 h 1 min");
    }
}
