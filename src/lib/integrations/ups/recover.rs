//! Label Recovery: what UPS knows of our references, and the labels again. This is how an
//! unknown purchase is settled.

use futures_util::{StreamExt, TryStreamExt, stream};
use regex::bytes::Regex;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Client;
use super::error::Deed;
use super::ship::{label_specification, references_by_package};
use super::wire::{self, Picture};
use crate::domain::carriage::{Found, Labelled, Sending};
use crate::integrations::carrier::CarrierError;

/// References asked for at once; the lane may allow fewer.
const AT_ONCE: usize = 4;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    label_recovery_response: Recovered,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Recovered {
    #[serde(default, deserialize_with = "wire::many")]
    label_results: Vec<LabelResult>,
    #[serde(default, deserialize_with = "wire::many")]
    tracking_candidate: Vec<Candidate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LabelResult {
    #[serde(default, deserialize_with = "wire::text")]
    tracking_number: String,
    #[serde(default, deserialize_with = "wire::maybe")]
    label_image: Option<Picture>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Candidate {
    #[serde(default, deserialize_with = "wire::text")]
    tracking_number: String,
}

/// What UPS knows of one reference.
enum Known {
    Nothing,
    Voided,
    Labels(Vec<Labelled>),
    Several(Vec<String>),
}

impl Client {
    /// What UPS knows of a sending: by the reference of each piece where it takes them, else
    /// by the one of the shipment.
    pub(super) async fn recover(&self, sending: &Sending) -> Result<Found, CarrierError> {
        if !references_by_package(sending) {
            let known = self.by_reference(&sending.reference).await?;
            return Ok(of_shipment(known, sending.pieces.len()));
        }
        let numbers = 1..=sending.pieces.len();
        let ask = |number| async move {
            let known = self.by_reference(&sending.piece_reference(number)).await?;
            Ok::<_, CarrierError>((number, known))
        };
        let known: Vec<(usize, Known)> = stream::iter(numbers)
            .map(ask)
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(of_pieces(known))
    }

    /// What UPS knows of numbers of its own, one for each piece.
    pub(super) async fn recover_numbers(&self, numbers: &[String]) -> Result<Found, CarrierError> {
        let ask = |(at, number): (usize, &String)| {
            let number = number.clone();
            async move {
                let known = self.known(json!({ "TrackingNumber": number })).await?;
                Ok::<_, CarrierError>((at + 1, known))
            }
        };
        let known: Vec<(usize, Known)> = stream::iter(numbers.iter().enumerate())
            .map(ask)
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(of_pieces(known))
    }

    async fn by_reference(&self, reference: &str) -> Result<Known, CarrierError> {
        self.known(json!({ "ReferenceValues": {
            "ReferenceNumber": { "Value": reference },
            "ShipperNumber": self.account,
        }}))
        .await
    }

    async fn known(&self, by: Value) -> Result<Known, CarrierError> {
        let mut request = by;
        request["Request"] = json!({});
        request["LabelSpecification"] = label_specification();
        let body = json!({ "LabelRecoveryRequest": request });
        let path = "labels/v1/recovery";
        let response = match self.ask(Deed::Read, Method::POST, path, Some(&body)).await {
            Ok(response) => response,
            Err(failed) => {
                return match failed.code.as_str() {
                    "9801031" | "300007" => Ok(Known::Nothing),
                    "9801040" | "300033" => Ok(Known::Voided),
                    "300001" | "300035" => Ok(Known::Several(Vec::new())),
                    _ => Err(failed.into()),
                };
            }
        };
        let recovered: Answer = response.json()?;
        let recovered = recovered.label_recovery_response;
        let mut labels = Vec::new();
        let mut without = Vec::new();
        for result in recovered.label_results {
            match result.label_image.as_ref().map(Picture::zpl) {
                Some(Ok(label)) if !result.tracking_number.is_empty() => labels.push(Labelled {
                    tracking: result.tracking_number,
                    label,
                }),
                _ => without.push(result.tracking_number),
            }
        }
        if without.is_empty() && !labels.is_empty() {
            return Ok(Known::Labels(labels));
        }
        // Bought, but not to be had whole.
        let candidates = recovered
            .tracking_candidate
            .into_iter()
            .map(|c| c.tracking_number);
        let labelled = labels.into_iter().map(|label| label.tracking);
        let mut numbers: Vec<String> = labelled.chain(without).chain(candidates).collect();
        numbers.retain(|number| !number.is_empty());
        Ok(Known::Several(numbers))
    }
}

fn of_pieces(known: Vec<(usize, Known)>) -> Found {
    let (mut pieces, mut unclear) = (Vec::new(), None::<Vec<String>>);
    let mut is_voided = false;
    for (number, known) in known {
        match known {
            Known::Nothing => {}
            Known::Voided => is_voided = true,
            Known::Labels(mut labels) if labels.len() == 1 => {
                pieces.extend(labels.pop().map(|label| (number, label)));
            }
            Known::Labels(labels) => {
                let numbers = labels.into_iter().map(|label| label.tracking);
                unclear.get_or_insert_default().extend(numbers);
            }
            Known::Several(numbers) => unclear.get_or_insert_default().extend(numbers),
        }
    }
    match unclear {
        Some(numbers) => {
            let found = pieces.into_iter().map(|(_, label)| label.tracking);
            let mut all: Vec<String> = found.chain(numbers).collect();
            all.sort();
            all.dedup();
            Found::Unclear(all)
        }
        None if !pieces.is_empty() => Found::Pieces(pieces),
        None if is_voided => Found::Voided,
        None => Found::Nothing,
    }
}

/// The labels of a shipment's one reference. Which piece each belongs to stands on it, as
/// `2 OF 3`; where that does not tell, nobody can.
fn of_shipment(known: Known, asked: usize) -> Found {
    let labels = match known {
        Known::Nothing => return Found::Nothing,
        Known::Voided => return Found::Voided,
        Known::Several(numbers) => return Found::Unclear(numbers),
        Known::Labels(labels) => labels,
    };
    if asked == 1 && labels.len() == 1 {
        return Found::Pieces(labels.into_iter().map(|label| (1, label)).collect());
    }
    let mut places: Vec<usize> = Vec::new();
    for label in &labels {
        match place(&label.label) {
            Some((place, of)) if of == asked && !places.contains(&place) => places.push(place),
            _ => return Found::Unclear(labels.into_iter().map(|label| label.tracking).collect()),
        }
    }
    let mut pieces: Vec<(usize, Labelled)> = places.into_iter().zip(labels).collect();
    pieces.sort_by_key(|(place, _)| *place);
    Found::Pieces(pieces)
}

/// Which piece of how many a label says it is: the one field of the form `2 OF 3`.
fn place(zpl: &[u8]) -> Option<(usize, usize)> {
    let field = Regex::new(r"(?i-u)\^F[DV]\s*([0-9]{1,3}) OF ([0-9]{1,3})\s*\^FS").ok()?;
    let mut found = field.captures_iter(zpl);
    let (one, another) = (found.next()?, found.next());
    let number = |at: usize| {
        std::str::from_utf8(one.get(at)?.as_bytes())
            .ok()?
            .parse()
            .ok()
    };
    let (place, of) = (number(1)?, number(2)?);
    (another.is_none() && (1..=of).contains(&place)).then_some((place, of))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(tracking: &str, zpl: &str) -> Labelled {
        Labelled {
            tracking: tracking.to_owned(),
            label: zpl.as_bytes().to_vec(),
        }
    }

    #[test]
    fn the_place_of_a_label_is_read_where_it_says_one() {
        assert_eq!(place(b"^XA^FO1,1^FV2 OF 3^FS^XZ"), Some((2, 3)));
        assert_eq!(place(b"^XA^FD 10 OF 20 ^FS^XZ"), Some((10, 20)));
        for odd in [
            "^XA^XZ",
            "^FD4 OF 3^FS",
            "^FD1 OF 2^FS^FD2 OF 2^FS",
            "^FD0 OF 2^FS",
        ] {
            assert_eq!(place(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn labels_of_a_shipment_are_told_apart_by_what_stands_on_them() {
        let two = vec![label("B", "^FD2 OF 2^FS"), label("A", "^FD1 OF 2^FS")];
        let Found::Pieces(pieces) = of_shipment(Known::Labels(two.clone()), 2) else {
            panic!("unclear");
        };
        assert_eq!((pieces[0].0, pieces[0].1.tracking.as_str()), (1, "A"));
        let unclear = Found::Unclear(vec!["B".to_owned(), "A".to_owned()]);
        assert_eq!(of_shipment(Known::Labels(two), 3), unclear);
        let blank = vec![label("B", "^XA"), label("A", "^XA")];
        assert_eq!(of_shipment(Known::Labels(blank), 2), unclear);
    }

    #[test]
    fn several_labels_of_one_piece_are_unclear() {
        let known = vec![
            (1, Known::Labels(vec![label("A", "")])),
            (2, Known::Labels(vec![label("C", ""), label("B", "")])),
        ];
        let all = ["A", "B", "C"].map(str::to_owned).to_vec();
        assert_eq!(of_pieces(known), Found::Unclear(all));
        assert_eq!(
            of_pieces(vec![(1, Known::Voided), (2, Known::Nothing)]),
            Found::Voided
        );
        assert_eq!(of_pieces(vec![(1, Known::Nothing)]), Found::Nothing);
    }
}
