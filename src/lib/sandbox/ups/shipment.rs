//! A shipment that was bought, and where its packages are.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::shape::Part;

/// Who is at one end of a shipment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The name.
    pub name: String,
    /// The person.
    pub attention: String,
    /// Digits of the telephone number.
    pub phone: String,
    /// The street.
    pub lines: Vec<String>,
    /// The city.
    pub city: String,
    /// The state.
    pub state: String,
    /// The postal code.
    pub postcode: String,
    /// Two letters.
    pub country: String,
}

/// A shipment that was bought.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shipment {
    /// Its number: that of its first package.
    pub id: String,
    /// The service.
    pub service: String,
    /// References of the whole.
    pub references: Vec<String>,
    /// Where it comes from.
    pub from: Party,
    /// Where it goes.
    pub to: Party,
    /// Whether goods go back to the account.
    pub is_return: bool,
    /// When it was bought, in seconds since 1970.
    pub bought_at: i64,
    /// The packages, in the order asked for.
    pub packages: Vec<Package>,
}

/// A package.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Package {
    /// Its tracking number.
    pub number: String,
    /// Its references.
    pub references: Vec<String>,
    /// What it weighs, in tenths of its unit.
    pub tenths: i64,
    /// Its label, in ZPL.
    pub label: String,
    /// What happened to it, the oldest first.
    pub rows: Vec<Row>,
}

/// Something that happened to a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// When, in seconds since 1970.
    pub at: i64,
    /// What.
    pub stage: Stage,
}

/// Where a package is, by the letters of UPS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The label is made.
    #[serde(rename = "M")]
    Made,
    /// It is on its way.
    #[serde(rename = "I")]
    OnTheWay,
    /// It is in the van.
    #[serde(rename = "O")]
    OutForDelivery,
    /// It has been handed over.
    #[serde(rename = "D")]
    Delivered,
    /// Something is in its way.
    #[serde(rename = "X")]
    Exception,
    /// It is on its way back.
    #[serde(rename = "RS")]
    Returning,
    /// Its label is void.
    #[serde(rename = "MV")]
    Voided,
}

impl Package {
    /// Where it is.
    pub fn stage(&self) -> Stage {
        self.rows.last().map_or(Stage::Made, |row| row.stage)
    }

    /// Whether its label is void.
    pub fn is_voided(&self) -> bool {
        self.stage() == Stage::Voided
    }

    /// Lets something happen to it, with what must have happened before.
    pub fn reach(&mut self, stage: Stage, now: i64) {
        let before: &[Stage] = match stage {
            Stage::OutForDelivery | Stage::Exception | Stage::Returning => &[Stage::OnTheWay],
            Stage::Delivered => &[Stage::OnTheWay, Stage::OutForDelivery],
            Stage::Made | Stage::OnTheWay | Stage::Voided => &[],
        };
        for missing in before {
            if !self.rows.iter().any(|row| row.stage == *missing) {
                self.rows.push(Row {
                    at: now,
                    stage: *missing,
                });
            }
        }
        self.rows.push(Row { at: now, stage });
    }
}

/// Which end of a shipment is read: what is wrong with the receiver has codes of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Who pays.
    Shipper,
    /// Where it goes.
    To,
    /// Where it comes from.
    From,
}

impl Party {
    /// Reads somebody of Ship.
    pub fn read(part: &Part<'_>, end: End) -> Result<Self, Refusal> {
        let mut fields = vec![
            "Name",
            "AttentionName",
            "Phone",
            "Address",
            "CompanyDisplayableName",
        ];
        if end == End::Shipper {
            fields.push("ShipperNumber");
        }
        part.only(&fields)?;
        let mut party = Self {
            name: part.text("Name", 1..=35)?.to_owned(),
            attention: part
                .maybe_text("AttentionName", 1..=35)?
                .unwrap_or_default()
                .to_owned(),
            ..Self::default()
        };
        if let Some(phone) = part.maybe("Phone")? {
            phone.only(&["Number", "Extension"])?;
            let number = phone.text("Number", 1..=15)?;
            if !number.bytes().all(|b| b.is_ascii_digit()) {
                return Err(Refusal::new("120209", "Invalid phone number."));
            }
            number.clone_into(&mut party.phone);
        }
        party.read_address(&part.part("Address")?, end)?;
        Ok(party)
    }

    /// Reads somebody of Rate, who needs no name.
    pub fn read_unnamed(part: &Part<'_>, end: End) -> Result<Self, Refusal> {
        part.only(&["Name", "AttentionName", "ShipperNumber", "Address"])?;
        let mut party = Self::default();
        party.read_address(&part.part("Address")?, end)?;
        Ok(party)
    }

    fn read_address(&mut self, part: &Part<'_>, end: End) -> Result<(), Refusal> {
        let of_receiver = |refusal: Refusal, code, text: &str| match end {
            End::To => Refusal::new(code, text),
            End::Shipper | End::From => refusal,
        };
        part.only(&[
            "AddressLine",
            "City",
            "StateProvinceCode",
            "PostalCode",
            "CountryCode",
            "ResidentialAddressIndicator",
        ])?;
        let lines = part
            .texts("AddressLine", 1..=3, 1..=35)
            .map_err(|r| of_receiver(r, "120202", "Missing or invalid ShipTo address line."))?;
        self.lines = lines.into_iter().map(ToOwned::to_owned).collect();
        let city = part
            .text("City", 1..=30)
            .map_err(|r| of_receiver(r, "120205", "Missing or invalid ShipTo city."))?;
        city.clone_into(&mut self.city);
        part.text("CountryCode", 2..=2)?
            .clone_into(&mut self.country);
        let is_american = matches!(self.country.as_str(), "US" | "CA");
        let state = part.maybe_text("StateProvinceCode", 2..=2)?;
        if is_american && state.is_none() {
            let missing = Refusal::missing(&part.path("StateProvinceCode"));
            return Err(of_receiver(missing, "120206", "Missing ShipTo state."));
        }
        state.unwrap_or_default().clone_into(&mut self.state);
        let postcode = part.maybe_text("PostalCode", 1..=9)?.unwrap_or_default();
        let is_number = postcode.len() >= 5 && postcode.bytes().all(|b| b.is_ascii_digit());
        if matches!(self.country.as_str(), "US" | "PR") && !is_number {
            let invalid = Refusal::invalid(&part.path("PostalCode"), "not five or nine digits");
            return Err(of_receiver(
                invalid,
                "120207",
                "Missing or invalid ShipTo postal code.",
            ));
        }
        postcode.clone_into(&mut self.postcode);
        Ok(())
    }
}
