//! Packages as Rate and Ship are asked for them.

use super::Refusal;
use super::shape::Part;
use super::shipment::Party;

/// A package as asked for.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// What it weighs, in tenths of its unit.
    pub tenths: i64,
    /// The unit.
    pub unit: &'static str,
    /// Its references.
    pub references: Vec<String>,
}

/// The packages of Rate or Ship, which name their packaging differently.
pub fn read_packages(
    shipment: &Part<'_>,
    packaging: &str,
    from: &Party,
) -> Result<Vec<Parcel>, Refusal> {
    let is_imperial = matches!(from.country.as_str(), "US" | "PR" | "CA");
    let (unit, length_unit) = if is_imperial {
        ("LBS", "IN")
    } else {
        ("KGS", "CM")
    };
    let is_rate = packaging == "PackagingType";
    let mut parcels = Vec::new();
    for package in shipment.list("Package", 1..=200)? {
        let mut fields = vec![packaging, "PackageWeight", "Dimensions"];
        if !is_rate {
            fields.extend(["Description", "ReferenceNumber"]);
        }
        package.only(&fields)?;
        package.part(packaging)?.text("Code", 2..=2)?;
        package.maybe_text("Description", 1..=35)?;
        let weight = package.part("PackageWeight")?;
        read_unit(&weight, unit, is_rate)?;
        let text = weight.text("Weight", 1..=5)?;
        let tenths = text.parse::<rust_decimal::Decimal>().ok();
        let tenths =
            tenths.and_then(|n| i64::try_from((n * rust_decimal::Decimal::TEN).ceil()).ok());
        let tenths = tenths.filter(|tenths| *tenths > 0);
        let tenths = tenths.ok_or_else(|| Refusal::invalid(&weight.path("Weight"), text))?;
        if let Some(size) = package.maybe("Dimensions")? {
            read_unit(&size, length_unit, is_rate)?;
            for side in ["Length", "Width", "Height"] {
                let text = size.text(side, 1..=3)?;
                if !text.parse::<u16>().is_ok_and(|length| length > 0) {
                    return Err(Refusal::invalid(&size.path(side), text));
                }
            }
        }
        parcels.push(Parcel {
            tenths,
            unit,
            references: read_references(&package)?,
        });
    }
    Ok(parcels)
}

fn read_unit(part: &Part<'_>, expected: &str, with_description: bool) -> Result<(), Refusal> {
    let unit = part.part("UnitOfMeasurement")?;
    unit.only(&["Code", "Description"])?;
    if with_description {
        unit.text("Description", 1..=35)?;
    }
    let code = unit.text("Code", 1..=3)?;
    if code != expected {
        let why = format!("{code}, where this country measures in {expected}");
        return Err(Refusal::invalid(&unit.path("Code"), &why));
    }
    Ok(())
}

pub fn read_references(part: &Part<'_>) -> Result<Vec<String>, Refusal> {
    if !part.has("ReferenceNumber") {
        return Ok(Vec::new());
    }
    let read = |reference: &Part<'_>| {
        reference.only(&["BarCodeIndicator", "Code", "Value"])?;
        Ok(reference.text("Value", 1..=35)?.to_owned())
    };
    part.list("ReferenceNumber", 1..=5)?
        .iter()
        .map(read)
        .collect()
}
