//! How UPS' answers go wrong: the faults of every service, told in UPS' own form, and some of
//! its own.

use serde_json::Value;

use super::reply::Refusal;
use crate::sandbox::faults::Fault;
use crate::sandbox::woocommerce::Reply;

/// What is answered in place of doing the work.
pub fn instead(fault: &Fault) -> Option<Reply> {
    let told = |status, code, text: &str| {
        let refusal = Refusal::with_status(status, code, text);
        Some(Reply::from(refusal))
    };
    match fault {
        Fault::RateLimited { retry_after } => {
            let mut reply = told(429, "10429", "Too many requests")?;
            reply.headers.push(("retry-after", retry_after.to_string()));
            Some(reply)
        }
        Fault::ServerError => told(500, "20001", "The service is temporarily unavailable."),
        Fault::Unavailable => told(503, "20001", "The service is down for maintenance."),
        Fault::ErrorInSuccess => told(200, "190001", "The shipment could not be processed."),
        fault => fault.instead(),
    }
}

/// Spoils an answer after the work was done.
pub fn spoil(fault: &Fault, reply: &mut Reply) {
    match fault {
        Fault::Field { name, value } => change(reply, |answer| {
            let mut is_open = true;
            each_field(answer, &mut |field, held| {
                if is_open && field == name {
                    *held = value.clone();
                    is_open = false;
                }
            });
        }),
        Fault::DropPackage => change(reply, |answer| {
            let results = answer.pointer_mut("/ShipmentResponse/ShipmentResults/PackageResults");
            results.and_then(Value::as_array_mut).and_then(Vec::pop);
        }),
        Fault::Currency { code } => change(reply, |answer| {
            each_field(answer, &mut |field, held| {
                if field == "CurrencyCode" {
                    *held = Value::from(code.as_str());
                }
            });
        }),
        fault => fault.spoil(reply),
    }
}

fn change(reply: &mut Reply, change: impl FnOnce(&mut Value)) {
    if let Ok(mut answer) = serde_json::from_slice(&reply.body) {
        change(&mut answer);
        reply.body = serde_json::to_vec(&answer).unwrap_or_default();
    }
}

/// Shows every field of an answer, from the top down.
fn each_field(value: &mut Value, see: &mut dyn FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (name, held) in fields {
                see(name, held);
                each_field(held, see);
            }
        }
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| each_field(element, see)),
        _ => {}
    }
}
