//! Tracking: what happened to a package, the newest first.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::shipment::{Package, Party, Row, Shipment, Stage};
use super::{Refusal, Request, State};
use crate::sandbox::woocommerce::Reply;

/// How far local time is behind GMT where the parcels of the sandbox are.
const BEHIND_H: i64 = 5;

/// Days that delivery is promised in.
const PROMISED_D: i64 = 3;

/// Answers.
pub fn answer(state: &State, request: Request<'_>, number: &str) -> Result<Reply, Refusal> {
    if !request.has_transaction {
        return Err(Refusal::new("VSS002", "Missing transId or transactionSrc."));
    }
    if !(7..=34).contains(&number.len()) {
        return Err(Refusal::new("TV1002", "Invalid inquiry number"));
    }
    let shipment = match state.package(number) {
        Some((shipment, package)) => json!({
            "inquiryNumber": number,
            "package": [shown(shipment, package)],
        }),
        None => json!({
            "inquiryNumber": number,
            "warnings": [{ "code": "TW0001", "message": "Tracking Information Not Found" }],
        }),
    };
    let answer = json!({ "trackResponse": { "shipment": [shipment] } });
    Ok(Reply::json(200, &answer))
}

fn shown(shipment: &Shipment, package: &Package) -> Value {
    let newest_first = package.rows.iter().rev();
    let activity: Vec<Value> = newest_first.map(|row| activity(shipment, *row)).collect();
    let told = told(package.stage());
    let delivered = package
        .rows
        .iter()
        .find(|row| row.stage == Stage::Delivered);
    let (kind, at) = match delivered {
        Some(row) => ("DEL", utc(row.at)),
        None => ("SDD", utc(shipment.bought_at) + Duration::days(PROMISED_D)),
    };
    json!({
        "trackingNumber": package.number,
        "deliveryDate": [{ "type": kind, "date": at.format("%Y%m%d").to_string() }],
        "activity": activity,
        "currentStatus": {
            "type": told.kind, "code": told.number, "statusCode": told.number,
            "description": told.words,
        },
        "packageCount": shipment.packages.len(),
        "referenceNumber": package.references.iter().chain(&shipment.references)
            .map(|reference| json!({ "type": "PACKAGE", "number": reference }))
            .collect::<Vec<_>>(),
        "service": { "code": shipment.service },
    })
}

fn activity(shipment: &Shipment, row: Row) -> Value {
    let (told, gmt) = (told(row.stage), utc(row.at));
    let local = gmt - Duration::hours(BEHIND_H);
    let place: &Party = match row.stage {
        Stage::Made | Stage::Voided | Stage::OnTheWay => &shipment.from,
        _ => &shipment.to,
    };
    let time = gmt.format("%H%M%S").to_string();
    // As UPS' own sample has it: without the zero of the morning.
    let gmt_time = time.strip_prefix('0').unwrap_or(&time);
    json!({
        "location": { "address": {
            "city": place.city, "stateProvince": place.state, "countryCode": place.country,
        }},
        "status": {
            "type": told.kind, "code": told.scan, "statusCode": told.number,
            "description": told.words,
        },
        "date": local.format("%Y%m%d").to_string(),
        "time": local.format("%H%M%S").to_string(),
        "gmtDate": gmt.format("%Y%m%d").to_string(),
        "gmtTime": gmt_time,
        "gmtOffset": format!("-{BEHIND_H:02}:00"),
    })
}

/// How UPS names a stage.
struct Told {
    kind: &'static str,
    scan: &'static str,
    number: &'static str,
    words: &'static str,
}

fn told(stage: Stage) -> Told {
    let (kind, scan, number, words) = match stage {
        Stage::Made => (
            "M",
            "MP",
            "003",
            "Shipper created a label, UPS has not received the package yet. ",
        ),
        Stage::OnTheWay => ("I", "OR", "005", "Origin Scan"),
        Stage::OutForDelivery => ("I", "OT", "021", "Out For Delivery Today"),
        Stage::Delivered => ("D", "KB", "011", "DELIVERED "),
        Stage::Exception => ("X", "A2", "012", "The address is incomplete."),
        Stage::Returning => ("RS", "B0", "036", "Returning to Sender"),
        Stage::Voided => ("MV", "VP", "007", "Shipment information voided."),
    };
    Told {
        kind,
        scan,
        number,
        words,
    }
}

fn utc(unix_s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(unix_s, 0).unwrap_or_default()
}
