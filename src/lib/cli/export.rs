//! `opsctl export TABLE`: a whole table on stdout, as CSV or JSON lines. Changes nothing.
//! Times are UTC milliseconds, money is minor units.

use clap::ValueEnum;
use serde_json::{Map, Value};

use super::Out;
use crate::context::Context;
use crate::fault::Exit;
use crate::store::export::{self, Cell};

/// Rows read at once, so that a table of any size takes little memory.
const PAGE: i64 = 5_000;

/// Arguments of `opsctl export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(
        export::TABLES.iter().map(|t| t.name)))]
    table: String,
    /// How rows are written
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

/// Runs the command.
///
/// # Errors
/// The store's, or stdout is closed.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let Some(table) = export::table(&args.table) else {
        return Ok(Exit::Usage);
    };
    let mut tx = ctx.store.read().await?;
    if matches!(args.format, Format::Csv) {
        out.text(&csv_line(table.columns.iter().map(|c| (*c).to_owned()))?)?;
    }
    let mut after = i64::MIN;
    loop {
        let (last, rows) = export::rows(&mut tx, table, after, PAGE).await?;
        if rows.is_empty() {
            return Ok(Exit::Done);
        }
        let mut text = String::new();
        for row in rows {
            text.push_str(&match args.format {
                Format::Csv => csv_line(row.into_iter().map(|cell| match cell {
                    Cell::Null => String::new(),
                    Cell::Int(number) => number.to_string(),
                    Cell::Text(text) => text,
                }))?,
                Format::Jsonl => {
                    let fields: Map<String, Value> = table
                        .columns
                        .iter()
                        .map(|c| (*c).to_owned())
                        .zip(row.into_iter().map(|cell| match cell {
                            Cell::Null => Value::Null,
                            Cell::Int(number) => Value::from(number),
                            Cell::Text(text) => Value::from(text),
                        }))
                        .collect();
                    format!("{}\n", serde_json::to_string(&fields)?)
                }
            });
        }
        out.text(&text)?;
        after = last;
    }
}

fn csv_line(cells: impl Iterator<Item = String>) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(String::from_utf8(writer.into_inner()?)?)
}
