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
    /// The numbers of the pieces, where a person has them from the carrier already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<String>,
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

/// What a carrier says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressCheck {
    /// It is there.
    Valid {
        /// How the carrier writes it, where that is more than capitals and abbreviations. It
        /// may name another suite: a person decides.
        suggested: Option<Box<Address>>,
    },
    /// It may be one of these.
    Ambiguous(Vec<Address>),
    /// The carrier knows none like it.
    Unknown,
    /// The carrier does not check addresses of this country.
    NotChecked,
}

/// The countries of the customs union of the EU, Monaco with France.
const EU: [&str; 28] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MC", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Parts of a country that goods enter and leave with papers (Directive 2006/112/EC, article
/// 6; the Windsor Framework), by how their postal codes begin.
const APART: [(&str, &[&str]); 8] = [
    ("DE", &["27498", "78266"]),
    ("ES", &["35", "38", "51", "52"]),
    ("FI", &["22"]),
    (
        "FR",
        &[
            "971", "972", "973", "974", "975", "976", "977", "978", "986", "987", "988",
        ],
    ),
    ("GB", &["BT"]),
    ("GB", &["GY", "IM", "JE"]),
    ("GR", &["63086", "63087"]),
    ("IT", &["22061", "23041"]),
];

/// States that shops write under `US` though the mail there is the army's, or customs are
/// another territory's.
const US_APART: [&str; 8] = ["AA", "AE", "AP", "AS", "GU", "MP", "UM", "VI"];

/// Why goods from one address to another need customs papers; nothing where they need none.
/// Papers are not made here, so that such a sending is refused.
#[must_use]
pub fn customs_papers(from: &Address, to: &Address) -> Option<String> {
    let (left, right) = (territory(from), territory(to));
    (left != right).then(|| format!("goods from {left} to {right} need customs papers"))
}

/// The territory whose borders count, as a reader knows it.
fn territory(address: &Address) -> String {
    let country = address.country.trim().to_ascii_uppercase();
    let state = address.state.trim().to_ascii_uppercase();
    let is_wanted = |c: &char| c.is_ascii_alphanumeric();
    let postcode: String = address.postcode.chars().filter(is_wanted).collect();
    let postcode = postcode.to_ascii_uppercase();
    let apart = APART
        .iter()
        .any(|(of, parts)| *of == country && parts.iter().any(|part| postcode.starts_with(part)));
    match country.as_str() {
        _ if apart => format!("{country} {postcode}"),
        "US" if US_APART.contains(&state.as_str()) => format!("US {state}"),
        "US" | "PR" => "US".to_owned(),
        "CH" | "LI" => "CH".to_owned(),
        eu if EU.contains(&eu) => "the EU".to_owned(),
        _ => country,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(country: &str, postcode: &str, state: &str) -> Address {
        Address {
            country: country.to_owned(),
            postcode: postcode.to_owned(),
            state: state.to_owned(),
            ..Address::default()
        }
    }

    #[test]
    fn goods_cross_a_border_of_customs_with_papers_and_others_without() {
        let free = [
            (at("NL", "2011 AB", ""), at("nl", "1011 AA", "")),
            (at("NL", "2011 AB", ""), at("DE", "10115", "")),
            (at("FR", "06000", ""), at("MC", "98000", "")),
            (at("US", "89501", "NV"), at("US", "12207", "NY")),
            (at("US", "89501", "NV"), at("PR", "00901", "")),
            (at("US", "00901", "PR"), at("PR", "00901", "")),
            (at("CH", "8001", ""), at("LI", "9490", "")),
            (at("GB", "SW1A 1AA", ""), at("GB", "EH1 1AA", "")),
        ];
        for (from, to) in free {
            assert_eq!(customs_papers(&from, &to), None, "{from:?} {to:?}");
        }
        let bound = [
            (at("US", "89501", "NV"), at("CA", "M5V 2T6", "ON")),
            (at("NL", "2011 AB", ""), at("GB", "SW1A 1AA", "")),
            (at("NL", "2011 AB", ""), at("GB", "BT1 1AA", "")),
            (at("GB", "SW1A 1AA", ""), at("GB", "bt1 1aa", "")),
            (at("NL", "2011 AB", ""), at("CH", "8001", "")),
            (at("NL", "2011 AB", ""), at("ES", "38001", "")),
            (at("FR", "75001", ""), at("FR", "97200", "")),
            (at("US", "89501", "NV"), at("US", "09012", "AE")),
            (at("US", "89501", "NV"), at("VI", "00802", "")),
        ];
        for (from, to) in bound {
            let why = customs_papers(&from, &to);
            assert!(why.is_some_and(|why| why.ends_with("need customs papers")));
        }
        let why = customs_papers(&at("NL", "", ""), &at("CH", "", "")).unwrap();
        assert_eq!(why, "goods from the EU to CH need customs papers");
    }

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
