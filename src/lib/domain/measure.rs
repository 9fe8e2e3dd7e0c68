//! Weights and sizes as people type them: `2.5kg:30x20x15cm`, `5.5lb:9x8x6in`, `800g`.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::carriage::Piece;

/// In which units a bare number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Kilograms and centimetres.
    Metric,
    /// Pounds and inches.
    Imperial,
}

impl System {
    /// A weight as people read it: `2.35 kg`, `5.2 lb`.
    #[must_use]
    pub fn weight(self, grams: i64) -> String {
        let grams = Decimal::from(grams);
        match self {
            Self::Metric => format!(
                "{} kg",
                (grams / Decimal::from(1000)).round_dp(2).normalize()
            ),
            Self::Imperial => {
                let pounds = grams / Decimal::new(45_359_237, 5);
                format!("{} lb", pounds.round_dp(1).normalize())
            }
        }
    }

    /// What people of a country write, by its two letters.
    #[must_use]
    pub fn of(country: &str) -> Self {
        match country {
            "US" | "PR" => Self::Imperial,
            _ => Self::Metric,
        }
    }
}

/// Reads a piece: its weight, and after a colon its length, width and height.
///
/// # Errors
/// It is none; in words.
pub fn piece(text: &str, system: System) -> Result<Piece, String> {
    let (weight, size) = match text.split_once(':') {
        Some((weight, size)) => (weight, Some(size)),
        None => (text, None),
    };
    Ok(Piece {
        weight_g: weight_g(weight, system)?,
        size_mm: size.map(|size| size_mm(size, system)).transpose()?,
        contents: String::new(),
    })
}

/// Reads a weight; fractions of a gram are rounded up.
///
/// # Errors
/// It is none; in words.
pub fn weight_g(text: &str, system: System) -> Result<i64, String> {
    let usual = match system {
        System::Metric => "kg",
        System::Imperial => "lb",
    };
    let (number, unit) = parted(text, usual);
    let grams = match unit.as_str() {
        "g" => Decimal::ONE,
        "kg" => Decimal::from(1000),
        "oz" => Decimal::new(28_349_523_125, 9),
        "lb" | "lbs" => Decimal::new(45_359_237, 5),
        other => return Err(format!("{other:?} is no unit of weight: g, kg, oz or lb")),
    };
    scaled(&number, grams, 1_000_000)
        .ok_or_else(|| format!("{text:?} is no weight: such as 2.5kg, 800g or 5.5lb, up to a ton"))
}

/// Reads length, width and height; fractions of a millimetre are rounded up.
///
/// # Errors
/// It is none; in words.
pub fn size_mm(text: &str, system: System) -> Result<[i64; 3], String> {
    let usual = match system {
        System::Metric => "cm",
        System::Imperial => "in",
    };
    let (numbers, unit) = parted(text, usual);
    let mm = match unit.as_str() {
        "mm" => Decimal::ONE,
        "cm" => Decimal::TEN,
        "in" => Decimal::new(254, 1),
        other => return Err(format!("{other:?} is no unit of length: mm, cm or in")),
    };
    let bad = || format!("{text:?} is no size: such as 30x20x15cm or 9x8x6in, up to ten metres");
    let sides: Option<Vec<i64>> = numbers
        .split(['x', 'X', '*'])
        .map(|side| scaled(side, mm, 10_000))
        .collect();
    sides
        .and_then(|sides| sides.try_into().ok())
        .ok_or_else(bad)
}

/// A text without the letters at its end, and those, in small letters.
fn parted(text: &str, usual: &str) -> (String, String) {
    let text = text.trim().to_lowercase();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[number.len()..].to_owned();
    let unit = if unit.is_empty() {
        usual.to_owned()
    } else {
        unit
    };
    (number.trim().to_owned(), unit)
}

fn scaled(number: &str, by: Decimal, most: i64) -> Option<i64> {
    let plain = |c: char| c.is_ascii_digit() || c == '.';
    let number = number.trim();
    if number.is_empty() || number.len() > 12 || !number.chars().all(plain) {
        return None;
    }
    let value = number.parse::<Decimal>().ok()?.checked_mul(by)?.ceil();
    value.to_i64().filter(|value| (1..=most).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_sizes_read_as_people_write_them() {
        let metric = |text| piece(text, System::Metric).unwrap();
        assert_eq!(metric("2.5kg:30x20x15cm").weight_g, 2500);
        assert_eq!(metric("2.5kg:30x20x15cm").size_mm, Some([300, 200, 150]));
        assert_eq!(metric("2.5:30x20.5X15").size_mm, Some([300, 205, 150]));
        assert_eq!(metric("800 g").weight_g, 800);
        let imperial = |text| piece(text, System::Imperial).unwrap();
        assert_eq!(imperial("5.5:9x8x6").weight_g, 2495);
        assert_eq!(imperial("5.5:9x8x6").size_mm, Some([229, 204, 153]));
        assert_eq!(imperial("16oz").weight_g, 454);
        assert_eq!(System::Metric.weight(2350), "2.35 kg");
        assert_eq!(System::Imperial.weight(2495), "5.5 lb");
    }

    #[test]
    fn what_is_none_is_refused_in_words() {
        for bad in [
            "",
            "0",
            "-1kg",
            "1e9kg",
            "2000kg",
            "1kg:",
            "1kg:1x2",
            "1kg:1x2x3x4",
            "1kg:0x1x1",
            "1stone",
            "1kg:1x1x1ft",
            "kg",
            "1kg:2x2x2000",
            "99999999999999999999kg",
        ] {
            assert!(piece(bad, System::Metric).is_err(), "{bad}");
        }
    }
}
