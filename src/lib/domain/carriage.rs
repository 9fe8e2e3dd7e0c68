//! What a carrier is asked and answers, whichever it is: pieces and where they go, rates,
//! labels, and where a piece is.

use serde::{Deserialize, Serialize};

use super::money::Currency;
use super::order::Address;
use super::time::UtcMs;

/// Something to be carried: pieces from one address to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// Our reference of this attempt, of at most 30 characters; no other attempt has it.
    pub reference: String,
    /// Who sends, and pays.
    pub shipper: Address,
    /// Where the pieces are taken from, where it is not the shipper: of a return, the customer.
    pub from: Option<Address>,
    /// Where they go.
    pub to: Address,
    /// The carrier's code of the service; empty where only rates are asked for.
    pub service: String,
    /// Whether goods come back to us.
    pub inbound: bool,
    /// The pieces, in the order of their labels.
    pub pieces: Vec<Piece>,
}

/// One piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// What it weighs.
    pub weight_g: i64,
    /// Its outer length, width and height.
    pub size_mm: Option<[i64; 3]>,
    /// What is in it, in a few words; a return has to say.
    pub contents: String,
}

impl Sending {
    /// Our reference of a piece, counted from 1.
    #[must_use]
    pub fn piece_reference(&self, number: usize) -> String {
        format!("{}-{number}", self.reference)
    }
}

/// By which price list a charge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tariff {
    /// Everybody's.
    Published,
    /// The account's own.
    Negotiated,
}

/// What the carrier charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Minor units of the currency.
    pub amount_minor: i64,
    /// The currency the carrier named.
    pub currency: Currency,
    /// By which price list.
    pub tariff: Tariff,
}

/// What one service would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// The carrier's code of the service.
    pub service: String,
    /// Its name.
    pub name: String,
    /// What it costs.
    pub charge: Charge,
    /// The weight it is charged by, as the carrier says it, such as `12.0 LBS`.
    pub billing_weight: String,
    /// Working days on the way, where the carrier says.
    pub days: Option<u32>,
    /// What the carrier remarks.
    pub remarks: Vec<String>,
}

/// A piece that has been bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The carrier's number of it.
    pub tracking: String,
    /// Its label, ready for the printer (ZPL).
    pub label: Vec<u8>,
}

/// What was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    /// The carrier's number of the whole.
    pub id: String,
    /// The pieces, in the order asked for.
    pub pieces: Vec<Labelled>,
    /// What it costs, where the carrier says.
    pub charge: Option<Charge>,
    /// The weight it is charged by, as the carrier says it.
    pub billing_weight: String,
    /// Papers to be printed beside the labels (ZPL), such as a high-value receipt.
    pub papers: Vec<Vec<u8>>,
    /// What the carrier remarks.
    pub remarks: Vec<String>,
}

/// What a carrier knows of our reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing. Soon after the attempt this means that nothing was bought.
    Nothing,
    /// It was bought and has been voided.
    Voided,
    /// Pieces that were bought: (number of the piece, counted from 1, its label). Whether all
    /// are there is for the asker to see.
    Pieces(Vec<(usize, Labelled)>),
    /// It was bought, and which piece is which cannot be told: the numbers.
    Unclear(Vec<String>),
}

/// What became of a wish to void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voided {
    /// All that was named is void, now or before.
    All,
    /// Only these numbers are.
    Some(Vec<String>),
    /// Nothing is, and why.
    Refused(String),
}

/// Where a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The label is made; the carrier has not seen the piece.
    LabelMade,
    /// The label is void.
    Voided,
    /// It is on its way.
    InTransit,
    /// It is in the van.
    OutForDelivery,
    /// Something is in its way.
    Exception,
    /// It has been handed over.
    Delivered,
    /// It is on its way back, or came back.
    Returned,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::LabelMade,
        Self::Voided,
        Self::InTransit,
        Self::OutForDelivery,
        Self::Exception,
        Self::Delivered,
        Self::Returned,
    ];

    /// As stored and shown in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LabelMade => "label_made",
            Self::Voided => "voided",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::Exception => "exception",
            Self::Delivered => "delivered",
            Self::Returned => "returned",
        }
    }

    /// Whether nothing more is to come.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Voided | Self::Delivered)
    }
}

impl std::str::FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|stage| stage.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no stage of a parcel"))
    }
}

/// Something that happened to a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// When.
    pub at: UtcMs,
    /// The carrier's code of it.
    pub code: String,
    /// In the carrier's words.
    pub words: String,
    /// Where.
    pub place: String,
    /// The stage it leads to, where the code is known.
    pub stage: Option<Stage>,
}

/// What a carrier tells of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// The stage it is in, where the carrier's code is known.
    pub stage: Option<Stage>,
    /// What happened, oldest first.
    pub happenings: Vec<Happening>,
    /// The day delivery is expected on: `YYYY-MM-DD`.
    pub expected_on: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_read_back_from_their_words() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(stage));
            let json = serde_json::to_value(stage).unwrap();
            assert_eq!(json, stage.as_str());
        }
        assert!("lost".parse::<Stage>().is_err());
    }
}
