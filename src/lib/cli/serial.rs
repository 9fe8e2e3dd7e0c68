//! `opsctl serial SERIAL`: the life of one unit: how it came, where it went. Changes nothing.

use serde::Serialize;
use serde_json::Value;

use super::{Out, Page, Report};
use crate::context::Context;
use crate::fault::Exit;
use crate::workflows::serials::{self, Life};

/// Arguments of `opsctl serial`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The serial
    serial: String,
    /// Only the unit of this product
    #[arg(long, value_name = "SKU")]
    sku: Option<String>,
}

#[derive(Serialize)]
struct Lives {
    units: Vec<Life>,
}

impl Report for Lives {
    fn render(&self, page: &mut Page) {
        for life in &self.units {
            let unit = &life.serial;
            let place = if unit.in_house {
                "in the house"
            } else {
                "has left"
            };
            page.line(format!("{}  {}  {place}", unit.serial, unit.sku));
            let supplier = unit.supplier.as_deref();
            match &life.receipt {
                Some(receipt) => page.line(format!(
                    "lot {}, received {} from {} with receipt {}{}",
                    unit.lot,
                    receipt.received_on,
                    receipt.supplier,
                    receipt.receipt,
                    receipt
                        .po
                        .as_ref()
                        .map(|po| format!(" of {po}"))
                        .unwrap_or_default()
                )),
                None => page.line(format!(
                    "lot {}, received {}{}",
                    unit.lot,
                    unit.received_on,
                    supplier
                        .map(|name| format!(" from {name}"))
                        .unwrap_or_default()
                )),
            }
            page.table(
                &["when", "what", "particulars", "by"],
                life.events.iter().map(|event| {
                    vec![
                        event.at.to_string(),
                        event.kind.trim_start_matches("serial.").to_owned(),
                        particulars(&event.payload),
                        event.actor.clone(),
                    ]
                }),
            );
        }
    }
}

/// `order woo:1042, shipment 7`.
fn particulars(payload: &Value) -> String {
    let Value::Object(fields) = payload else {
        return String::new();
    };
    let fields =
        fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| match value {
                Value::String(text) => format!("{name} {text}"),
                other => format!("{name} {other}"),
            });
    fields.collect::<Vec<_>>().join(", ")
}

/// Runs the command.
///
/// # Errors
/// No unit has that serial, or the store's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let units = serials::lives(ctx, &args.serial, args.sku.as_deref()).await?;
    out.report(&Lives { units })?;
    Ok(Exit::Done)
}
