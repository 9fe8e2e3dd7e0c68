//! The carrier that nobody asks over the wire: a person takes the goods to it, and types the
//! numbers that it gave. It has no rates, labels or tracking for us, and nothing is bought.

use async_trait::async_trait;

use super::carrier::{Carrier, CarrierError};
use crate::domain::carriage::{Bought, Found, Labelled, Rate, Sending, Tracked, Voided};

/// What errors call it.
const NAME: &str = "manual";

/// The carrier, with the numbers typed for one sending.
#[derive(Debug, Clone, Default)]
pub struct Manual {
    numbers: Vec<String>,
}

impl Manual {
    /// With the numbers of the pieces, in their order.
    #[must_use]
    pub fn new(numbers: Vec<String>) -> Self {
        Self { numbers }
    }
}

#[async_trait]
impl Carrier for Manual {
    /// None: nobody can be asked.
    async fn rates(&self, _: &Sending) -> Result<Vec<Rate>, CarrierError> {
        Ok(Vec::new())
    }

    /// The numbers as typed, one for each piece, without labels.
    async fn buy(&self, sending: &Sending) -> Result<Bought, CarrierError> {
        let numbers: Vec<&str> = self.numbers.iter().map(|number| number.trim()).collect();
        let (typed, asked) = (numbers.len(), sending.pieces.len());
        if typed != asked || typed == 0 {
            let text = format!("{typed} tracking numbers were given for {asked} pieces");
            return Err(CarrierError::not_asked(NAME, text));
        }
        if let Some(place) = numbers.iter().position(|number| number.is_empty()) {
            let text = format!("the tracking number of piece {} is empty", place + 1);
            return Err(CarrierError::not_asked(NAME, text));
        }
        if let Some(twice) = (1..typed).find(|at| numbers[..*at].contains(&numbers[*at])) {
            let text = format!("the tracking number {} was given twice", numbers[twice]);
            return Err(CarrierError::not_asked(NAME, text));
        }
        let labelled = |number: &&str| Labelled {
            tracking: (*number).to_owned(),
            label: Vec::new(),
        };
        Ok(Bought {
            id: numbers[0].to_owned(),
            pieces: numbers.iter().map(labelled).collect(),
            charge: None,
            billing_weight: String::new(),
            papers: Vec::new(),
            remarks: Vec::new(),
        })
    }

    /// Nothing: what a person did elsewhere is not known here.
    async fn find(&self, _: &Sending, _: &[String]) -> Result<Found, CarrierError> {
        Ok(Found::Nothing)
    }

    /// Everything, for nothing was bought; the person tells the carrier.
    async fn void(&self, _: &str, _: &[String]) -> Result<Voided, CarrierError> {
        Ok(Voided::All)
    }

    /// Unknown.
    async fn track(&self, _: &str) -> Result<Option<Tracked>, CarrierError> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::carriage::Piece;
    use crate::domain::order::Address;

    async fn buy(numbers: &[&str], pieces: usize) -> Result<Bought, CarrierError> {
        let piece = Piece {
            weight_g: 500,
            size_mm: None,
            contents: String::new(),
        };
        let sending = Sending {
            reference: "s1-1".to_owned(),
            shipper: Address::default(),
            from: None,
            to: Address::default(),
            service: String::new(),
            inbound: false,
            pieces: vec![piece; pieces],
        };
        let numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
        Manual::new(numbers).buy(&sending).await
    }

    #[tokio::test]
    async fn the_numbers_typed_are_those_of_the_pieces() {
        let bought = buy(&["3SABC1", " 3SABC2 "], 2).await.unwrap();
        assert_eq!(bought.id, "3SABC1");
        assert_eq!(bought.pieces[1].tracking, "3SABC2");
        for (numbers, pieces, why) in [
            (&["3SABC1"][..], 2, "1 tracking numbers were given for 2"),
            (&[][..], 0, "0 tracking numbers"),
            (&["3SABC1", " "][..], 2, "piece 2 is empty"),
            (&["3SABC1", "3SABC1"][..], 2, "given twice"),
        ] {
            let error = buy(numbers, pieces).await.unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
