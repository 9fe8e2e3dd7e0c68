//! Tracking: where a package is. UPS keeps 120 days.

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, TimeZone};
use reqwest::Method;
use serde::Deserialize;

use super::Client;
use super::error::Deed;
use super::wire;
use crate::domain::carriage::{Happening, Stage, Tracked};
use crate::domain::time::UtcMs;
use crate::integrations::carrier::CarrierError;
use crate::integrations::percent;

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "trackResponse")]
    response: Shipments,
}

#[derive(Deserialize)]
struct Shipments {
    #[serde(default, deserialize_with = "wire::many")]
    shipment: Vec<Shipment>,
}

#[derive(Deserialize)]
struct Shipment {
    #[serde(default, deserialize_with = "wire::many")]
    package: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(default, deserialize_with = "wire::text")]
    tracking_number: String,
    #[serde(default, deserialize_with = "wire::maybe")]
    current_status: Option<Status>,
    #[serde(default, deserialize_with = "wire::many")]
    activity: Vec<Activity>,
    #[serde(default, deserialize_with = "wire::many")]
    delivery_date: Vec<DeliveryDate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default, rename = "type", deserialize_with = "wire::text")]
    kind: String,
    #[serde(default, deserialize_with = "wire::text")]
    code: String,
    #[serde(default, rename = "statusCode", deserialize_with = "wire::text")]
    number: String,
    #[serde(default, deserialize_with = "wire::text")]
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    #[serde(default, deserialize_with = "wire::text")]
    date: String,
    #[serde(default, deserialize_with = "wire::text")]
    time: String,
    #[serde(default, deserialize_with = "wire::text")]
    gmt_date: String,
    #[serde(default, deserialize_with = "wire::text")]
    gmt_time: String,
    #[serde(default, deserialize_with = "wire::text")]
    gmt_offset: String,
    #[serde(default, deserialize_with = "wire::maybe")]
    location: Option<Location>,
    #[serde(default, deserialize_with = "wire::maybe")]
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Location {
    #[serde(default, deserialize_with = "wire::maybe")]
    address: Option<Place>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    #[serde(default, deserialize_with = "wire::text")]
    city: String,
    #[serde(default, deserialize_with = "wire::text")]
    state_province: String,
    #[serde(default, deserialize_with = "wire::text")]
    country_code: String,
}

#[derive(Deserialize)]
struct DeliveryDate {
    #[serde(default, rename = "type", deserialize_with = "wire::text")]
    kind: String,
    #[serde(default, deserialize_with = "wire::text")]
    date: String,
}

impl Client {
    /// Where a package is; nothing where UPS does not know the number.
    pub(super) async fn follow(&self, tracking: &str) -> Result<Option<Tracked>, CarrierError> {
        let number = tracking.trim().to_ascii_uppercase();
        if number.is_empty() {
            return Err(self.not_asked("there is no number to ask for"));
        }
        let path = format!("track/v1/details/{}?locale=en_US", percent::encode(&number));
        let response = match self.ask(Deed::Read, Method::GET, &path, None).await {
            Ok(response) => response,
            Err(failed) => {
                // A 404 without an error of UPS' own is a wrong address.
                let is_unknown = failed.status == 404 && !failed.code.is_empty();
                return if is_unknown || failed.code == "TW0001" {
                    Ok(None)
                } else {
                    Err(failed.into())
                };
            }
        };
        let answer: Answer = response.json()?;
        let shipments = answer.response.shipment.into_iter();
        let mut packages: Vec<Package> = shipments.flat_map(|shipment| shipment.package).collect();
        let ours = packages.iter().position(|package| {
            package.tracking_number.is_empty() || package.tracking_number == number
        });
        Ok(ours.map(|at| packages.swap_remove(at).tracked()))
    }
}

impl Package {
    fn tracked(self) -> Tracked {
        let mut happenings: Vec<Happening> = self
            .activity
            .iter()
            .filter_map(Activity::happening)
            .collect();
        // UPS tells the newest first; what happened at one time stays in its order.
        happenings.reverse();
        happenings.sort_by_key(|happening| happening.at);
        let newest = happenings
            .iter()
            .rev()
            .find_map(|happening| happening.stage);
        let told = self.current_status.as_ref().and_then(Status::stage);
        let went_back = happenings.iter().any(|h| h.stage == Some(Stage::Returned));
        let stage = match told.or(newest) {
            // What was on its way back was handed over to us, not to the customer.
            Some(Stage::Delivered) if went_back => Some(Stage::Returned),
            stage => stage,
        };
        let day = |kind: &str| {
            let date = self.delivery_date.iter().find(|date| date.kind == kind)?;
            let day = NaiveDate::parse_from_str(&date.date, "%Y%m%d").ok()?;
            Some(day.format("%Y-%m-%d").to_string())
        };
        let is_over = stage.is_some_and(Stage::is_final);
        let expected_on = day("RDD").or_else(|| day("SDD")).filter(|_| !is_over);
        Tracked {
            stage,
            happenings,
            expected_on,
        }
    }
}

impl Activity {
    /// What happened, where it can be told when.
    fn happening(&self) -> Option<Happening> {
        let at = self.at()?;
        let status = self.status.as_ref();
        let place = self
            .location
            .as_ref()
            .and_then(|location| location.address.as_ref());
        let parts = place.map(|place| [&place.city, &place.state_province, &place.country_code]);
        let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
        Some(Happening {
            at,
            code: status.map(Status::shown_code).unwrap_or_default(),
            words: status
                .map(|status| status.description.clone())
                .unwrap_or_default(),
            place: parts.cloned().collect::<Vec<_>>().join(", "),
            stage: status.and_then(Status::stage),
        })
    }

    fn at(&self) -> Option<UtcMs> {
        if let Some(gmt) = moment(&self.gmt_date, &self.gmt_time) {
            return Some(UtcMs(gmt.and_utc().timestamp_millis()));
        }
        let local = moment(&self.date, &self.time)?;
        let offset = self.gmt_offset.parse::<FixedOffset>().ok();
        let Some(offset) = offset else {
            return Some(UtcMs(local.and_utc().timestamp_millis()));
        };
        let at = offset.from_local_datetime(&local).single()?;
        Some(UtcMs(at.timestamp_millis()))
    }
}

/// A date `YYYYMMDD` and a time `HHMMSS`, whose leading zeros may be missing.
fn moment(date: &str, time: &str) -> Option<NaiveDateTime> {
    let digits = |text: &str| {
        text.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    let (date, time) = (digits(date), digits(time));
    let text = format!("{date} {time:0>6}");
    NaiveDateTime::parse_from_str(&text, "%Y%m%d %H%M%S").ok()
}

impl Status {
    fn shown_code(&self) -> String {
        let codes = [&self.number, &self.code, &self.kind];
        let first = codes.into_iter().find(|code| !code.is_empty());
        first.cloned().unwrap_or_default()
    }

    /// The stage it stands for: the first that its codes name, from the end of a parcel's way
    /// to its beginning. The three-digit code stands in either field.
    fn stage(&self) -> Option<Stage> {
        let number = |code: &str| {
            let is_number = !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| format!("{code:0>3}"))
        };
        let numbers = [number(&self.number), number(&self.code)];
        let numbered = |known: &[&str]| {
            let mut numbers = numbers.iter().flatten();
            numbers.any(|number| known.contains(&number.as_str()))
        };
        let (kind, scan) = (self.kind.as_str(), self.code.as_str());
        let table = [
            (
                Stage::Returned,
                numbered(&["034", "067", "035", "036", "118"]) || scan == "B0" || kind == "RS",
            ),
            (Stage::Delivered, kind == "D" || numbered(&["011"])),
            (
                Stage::OutForDelivery,
                numbered(&["006", "021", "037", "072", "089", "091", "146", "162"])
                    || matches!(scan, "OF" | "OT")
                    || kind == "O",
            ),
            (Stage::Exception, kind == "X"),
            (
                Stage::Voided,
                kind == "MV" || numbered(&["007"]) || scan == "VP",
            ),
            (
                Stage::LabelMade,
                kind == "M" || numbered(&["003", "157"]) || matches!(scan, "MP" | "DP"),
            ),
            (
                Stage::InTransit,
                matches!(kind, "I" | "P") || numbered(&["005", "010", "038", "160"]),
            ),
        ];
        let mut named = table.into_iter().filter(|(_, is_named)| *is_named);
        named.next().map(|(stage, _)| stage)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stage(kind: &str, code: &str, status_code: &str) -> Option<Stage> {
        let value = json!({"type": kind, "code": code, "statusCode": status_code});
        serde_json::from_value::<Status>(value).unwrap().stage()
    }

    #[test]
    fn the_codes_name_a_stage_from_the_end_to_the_beginning() {
        for (kind, code, number, expected) in [
            ("D", "KB", "011", Some(Stage::Delivered)),
            ("", "011", "", Some(Stage::Delivered)),
            ("", "", "11", Some(Stage::Delivered)),
            ("X", "B0", "", Some(Stage::Returned)),
            ("X", "", "035", Some(Stage::Returned)),
            ("RS", "", "", Some(Stage::Returned)),
            ("I", "OT", "021", Some(Stage::OutForDelivery)),
            ("O", "", "", Some(Stage::OutForDelivery)),
            ("X", "48", "", Some(Stage::Exception)),
            ("MV", "", "", Some(Stage::Voided)),
            ("", "VP", "", Some(Stage::Voided)),
            ("M", "MP", "003", Some(Stage::LabelMade)),
            ("I", "OR", "005", Some(Stage::InTransit)),
            ("P", "", "", Some(Stage::InTransit)),
            ("", "", "160", Some(Stage::InTransit)),
            ("NA", "", "", None),
            ("", "", "999", None),
        ] {
            assert_eq!(
                stage(kind, code, number),
                expected,
                "{kind} {code} {number}"
            );
        }
    }

    fn tracked(package: Value) -> Tracked {
        serde_json::from_value::<Package>(package)
            .unwrap()
            .tracked()
    }

    #[test]
    fn times_are_read_with_and_without_gmt() {
        let at = |value: Value| {
            let activity: Activity = serde_json::from_value(value).unwrap();
            activity.at().map(|at| at.to_string())
        };
        let gmt = json!({"gmtDate": "20261124", "gmtTime": "74700", "date": "20261124", "time": "024700"});
        assert_eq!(at(gmt).as_deref(), Some("2026-11-24T07:47:00Z"));
        let dotted = json!({"gmtDate": "20261124", "gmtTime": "07:47:00"});
        assert_eq!(at(dotted).as_deref(), Some("2026-11-24T07:47:00Z"));
        let offset = json!({"date": "20261124", "time": "024700", "gmtOffset": "-05:00"});
        assert_eq!(at(offset).as_deref(), Some("2026-11-24T07:47:00Z"));
        let bare = json!({"date": "20261124", "time": "24700"});
        assert_eq!(at(bare).as_deref(), Some("2026-11-24T02:47:00Z"));
        assert_eq!(at(json!({"date": "soon"})), None);
    }

    #[test]
    fn what_came_back_was_not_delivered_to_the_customer() {
        let row = |hour: &str, kind: &str| json!({"gmtDate": "20261124", "gmtTime": hour, "status": {"type": kind}});
        let told = tracked(json!({
            "currentStatus": {"type": "D"},
            "activity": [row("120000", "D"), row("90000", "RS"), row("80000", "I")],
            "deliveryDate": [{"type": "SDD", "date": "20261125"}, {"type": "RDD", "date": "20261126"}],
        }));
        assert_eq!(told.stage, Some(Stage::Returned));
        let stages: Vec<_> = told.happenings.iter().map(|h| h.stage).collect();
        let expected = [Stage::InTransit, Stage::Returned, Stage::Delivered].map(Some);
        assert_eq!(stages, expected);
        assert_eq!(told.expected_on.as_deref(), Some("2026-11-26"));
    }

    #[test]
    fn an_unknown_status_leaves_the_newest_that_is_known() {
        let told = tracked(json!({
            "currentStatus": {"type": "NA"},
            "activity": {"gmtDate": "20261124", "gmtTime": "80000", "status": {"type": "I", "description": "Arrived "},
                "location": {"address": {"city": "Reno", "stateProvince": "NV", "countryCode": "US"}}},
        }));
        assert_eq!(told.stage, Some(Stage::InTransit));
        assert_eq!(told.happenings[0].words, "Arrived");
        assert_eq!(told.happenings[0].place, "Reno, NV, US");
    }
}
