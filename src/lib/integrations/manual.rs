//! The carrier that nobody asks over the wire: a person takes the goods to it, and types the
//! numbers that it gave, which stand in the sending. It has no rates, labels or tracking for us,
//! and nothing is bought.

use async_trait::async_trait;

use super::carrier::{Carrier, CarrierError};
use crate::domain::carriage::{Bought, Found, Labelled, Rate, Sending, Tracked, Voided};

/// What errors call it.
const NAME: &str = "a carrier that is served by hand";

/// The carrier.
#[derive(Debug, Clone, Copy)]
pub struct Manual;

/// The numbers of a sending's pieces, each without a label.
///
/// # Errors
/// They do not fit the pieces; in words.
pub fn labelled(sending: &Sending) -> Result<Vec<Labelled>, String> {
    let numbers: Vec<&str> = sending.numbers.iter().map(|number| number.trim()).collect();
    let (typed, asked) = (numbers.len(), sending.pieces.len());
    if typed != asked || typed == 0 {
        return Err(format!("tracking numbers: {typed}, packages: {asked}"));
    }
    if let Some(place) = numbers.iter().position(|number| number.is_empty()) {
        let text = format!("the tracking number of package {} is empty", place + 1);
        return Err(text);
    }
    if let Some(twice) = (1..typed).find(|at| numbers[..*at].contains(&numbers[*at])) {
        let text = format!("the tracking number {} was given twice", numbers[twice]);
        return Err(text);
    }
    let labelled = |number: &&str| Labelled {
        tracking: (*number).to_owned(),
        label: Vec::new(),
    };
    Ok(numbers.iter().map(labelled).collect())
}

fn pieces(sending: &Sending) -> Result<Vec<Labelled>, CarrierError> {
    labelled(sending).map_err(|why| CarrierError::not_asked(NAME, why))
}

#[async_trait]
impl Carrier for Manual {
    fn fits(&self, _: &Sending) -> Result<(), CarrierError> {
        Ok(())
    }

    /// Refused: nobody can be asked.
    async fn rates(&self, _: &Sending) -> Result<Vec<Rate>, CarrierError> {
        let text = "nobody can be asked what it costs";
        Err(CarrierError::not_asked(NAME, text))
    }

    /// The numbers as typed, one for each piece, without labels.
    async fn buy(&self, sending: &Sending) -> Result<Bought, CarrierError> {
        let pieces = pieces(sending)?;
        Ok(Bought {
            id: pieces[0].tracking.clone(),
            pieces,
            charge: None,
            billing_weight: String::new(),
            papers: Vec::new(),
            remarks: Vec::new(),
        })
    }

    /// The numbers that were typed: nothing but a run that died can have lost them.
    async fn find(&self, sending: &Sending, _: &[String]) -> Result<Found, CarrierError> {
        Ok(Found::Pieces((1..).zip(pieces(sending)?).collect()))
    }

    /// Everything, for nothing was bought; the person tells the carrier.
    async fn void(&self, _: &str, _: &[String]) -> Result<Voided, CarrierError> {
        Ok(Voided::All)
    }

    /// Refused: nobody can be asked.
    async fn track(&self, _: &str) -> Result<Option<Tracked>, CarrierError> {
        Err(CarrierError::not_asked(
            NAME,
            "nobody can be asked where it is",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::carriage::Piece;
    use crate::domain::order::Address;

    fn sending(numbers: &[&str], pieces: usize) -> Sending {
        let piece = Piece {
            weight_g: 500,
            size_mm: None,
            contents: String::new(),
        };
        Sending {
            reference: "s1-1".to_owned(),
            shipper: Address::default(),
            from: None,
            to: Address::default(),
            service: String::new(),
            inbound: false,
            pieces: vec![piece; pieces],
            numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
        }
    }

    #[tokio::test]
    async fn the_numbers_typed_are_those_of_the_pieces() {
        let typed = sending(&["3SABC1", " 3SABC2 "], 2);
        let bought = Manual.buy(&typed).await.unwrap();
        assert_eq!(bought.id, "3SABC1");
        assert_eq!(bought.pieces[1].tracking, "3SABC2");
        let found = Manual.find(&typed, &[]).await.unwrap();
        let in_order = (1..).zip(bought.pieces).collect();
        assert_eq!(found, Found::Pieces(in_order));
        for (numbers, pieces, why) in [
            (&["3SABC1"][..], 2, "tracking numbers: 1, packages: 2"),
            (&[][..], 0, "tracking numbers: 0"),
            (&["3SABC1", " "][..], 2, "package 2 is empty"),
            (&["3SABC1", "3SABC1"][..], 2, "given twice"),
        ] {
            let error = Manual.buy(&sending(numbers, pieces)).await.unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
