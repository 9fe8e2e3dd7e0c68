//! What UPS remembers: tokens, and every shipment that was bought.

use std::collections::HashMap;

use super::ACCOUNT;
use super::shipment::{Package, Shipment};

/// How long a token lasts, as UPS says it.
const TOKEN_LIFE_S: i64 = 14_399;

/// What UPS remembers.
#[derive(Debug, Clone)]
pub struct State {
    /// Seconds since 1970 on the sandbox's clock.
    pub now: i64,
    /// How long the next token lasts, in seconds.
    pub token_life_s: i64,
    tokens: HashMap<String, i64>,
    tokens_given: u64,
    serial: u64,
    shipments: Vec<Shipment>,
    by_number: HashMap<String, (usize, usize)>,
}

impl State {
    /// One that remembers nothing.
    pub fn new(now: i64) -> Self {
        Self {
            now,
            token_life_s: TOKEN_LIFE_S,
            tokens: HashMap::new(),
            tokens_given: 0,
            serial: 0,
            shipments: Vec::new(),
            by_number: HashMap::new(),
        }
    }

    /// Makes a token.
    pub fn give_token(&mut self) -> String {
        self.tokens_given += 1;
        let token = format!("sandbox-token-{:08}", self.tokens_given);
        let until = self.now.saturating_add(self.token_life_s);
        self.tokens.insert(token.clone(), until);
        token
    }

    /// Whether a token is good.
    pub fn is_good(&self, token: &str) -> bool {
        self.tokens
            .get(token)
            .is_some_and(|until| self.now < *until)
    }

    /// Ends all tokens at once.
    pub fn end_tokens(&mut self) {
        self.tokens.clear();
    }

    /// A tracking number that no other package has.
    pub fn next_number(&mut self, service: &str) -> String {
        self.serial += 1;
        let body = format!("{ACCOUNT}{service}{:07}", self.serial);
        format!("1Z{body}{}", check_digit(&body))
    }

    /// Keeps a shipment. Numbers given from now on come after its own.
    pub fn keep(&mut self, shipment: Shipment) {
        let place = self.shipments.len();
        for (at, package) in shipment.packages.iter().enumerate() {
            let serial = package
                .number
                .get(10..17)
                .and_then(|part| part.parse().ok());
            self.serial = self.serial.max(serial.unwrap_or_default());
            self.by_number.insert(package.number.clone(), (place, at));
        }
        self.shipments.push(shipment);
    }

    /// All shipments, the oldest first.
    pub fn shipments(&self) -> &[Shipment] {
        &self.shipments
    }

    /// All packages, the oldest first.
    pub fn packages_mut(&mut self) -> impl Iterator<Item = &mut Package> {
        self.shipments
            .iter_mut()
            .flat_map(|shipment| &mut shipment.packages)
    }

    /// A shipment by its own number.
    pub fn shipment_mut(&mut self, id: &str) -> Option<&mut Shipment> {
        let (place, _) = *self.by_number.get(id)?;
        self.shipments
            .get_mut(place)
            .filter(|shipment| shipment.id == id)
    }

    /// A package by its number, with its shipment.
    pub fn package(&self, number: &str) -> Option<(&Shipment, &Package)> {
        let (place, at) = *self.by_number.get(number)?;
        let shipment = self.shipments.get(place)?;
        Some((shipment, shipment.packages.get(at)?))
    }

    /// A package by its number.
    pub fn package_mut(&mut self, number: &str) -> Option<&mut Package> {
        let (place, at) = *self.by_number.get(number)?;
        self.shipments.get_mut(place)?.packages.get_mut(at)
    }
}

/// The last character of a number: letters count as 2 for A onwards, every second place
/// counts double, and the digit makes the sum a multiple of ten.
fn check_digit(body: &str) -> u32 {
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        _ => (u32::from(byte) + 7) % 10,
    };
    let numbered = body.bytes().enumerate();
    let sum: u32 = numbered
        .map(|(at, byte)| value(byte) * if at % 2 == 0 { 1 } else { 2 })
        .sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_known_numbers() {
        // Published examples of tracking numbers.
        for number in [
            "1Z5R89390357567127",
            "1Z879E930346834440",
            "1Z410E7W0392751591",
        ] {
            let (body, digit) = number[2..].split_at(15);
            assert_eq!(check_digit(body).to_string(), digit, "{number}");
        }
    }

    #[test]
    fn numbers_are_unique_and_eighteen_long() {
        let mut state = State::new(0);
        let (one, two) = (state.next_number("03"), state.next_number("03"));
        assert_ne!(one, two);
        assert_eq!((one.len(), &one[..10]), (18, "1ZA1B2C303"));
    }
}
