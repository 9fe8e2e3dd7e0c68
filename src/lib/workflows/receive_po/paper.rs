//! What a delivery says has come, from a file or from the command line, and where it says
//! something that cannot be.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::{Goods, Options};
use crate::context::Context;
use crate::fault::Fault;
use crate::store::purchasing::{Line, Row};
use crate::store::{Tx, stock};
use crate::workflows::purchasing::open;
use crate::workflows::rows::{self, Rows};
use crate::workflows::serials;

const REQUIRED: &[&str] = &["sku", "qty"];
const OPTIONAL: &[&str] = &["lot", "serials", "location"];

/// Units of one product that have come.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// Where the delivery says so: the row, or the place on the command line.
    pub place: usize,
    /// The SKU.
    pub sku: String,
    /// Units.
    pub units: i64,
    /// The lot that the goods themselves say.
    pub lot: Option<String>,
    /// Their serials.
    pub serials: Vec<String>,
    /// The location that the delivery says.
    pub location: Option<(i64, String)>,
}

/// What has come, and what is wrong with it.
pub(super) struct Delivery {
    /// What has come.
    pub arrivals: Vec<Arrival>,
    paper: Paper,
}

enum Paper {
    File(PathBuf, Rows),
    Words(Vec<String>),
}

impl Delivery {
    /// Reads what has come.
    ///
    /// # Errors
    /// A file without the right columns, or the store's.
    pub async fn read(
        ctx: &Context,
        tx: &mut Tx,
        options: &Options,
        order: &Row,
        lines: &[Line],
        source: Option<&rows::Source>,
    ) -> anyhow::Result<Self> {
        match (&options.goods, source) {
            (Goods::File(file), Some(source)) => Self::from_file(tx, file, &source.text).await,
            (Goods::Lines(wanted, serials), _) => Self::from_words(wanted, serials),
            (Goods::All(serials), _) => {
                let mut expected: BTreeMap<&str, i64> = BTreeMap::new();
                for line in lines {
                    *expected.entry(&line.sku).or_default() += open(ctx, order, line);
                }
                let expected: Vec<(String, i64)> = expected
                    .into_iter()
                    .filter(|(_, units)| *units > 0)
                    .map(|(sku, units)| (sku.to_owned(), units))
                    .collect();
                if expected.is_empty() {
                    return Ok(Self {
                        arrivals: Vec::new(),
                        paper: Paper::Words(Vec::new()),
                    });
                }
                Self::from_words(&expected, serials)
            }
            (Goods::File(_), None) => Err(Fault::failed("the file was not read").into()),
        }
    }

    async fn from_file(tx: &mut Tx, file: &Path, text: &str) -> anyhow::Result<Self> {
        let mut rows = Rows::parse(text, REQUIRED, OPTIONAL)?;
        let locations: HashMap<String, i64> =
            stock::location_codes(tx).await?.into_iter().collect();
        let mut arrivals = Vec::new();
        for row in 0..rows.len() {
            let sku = rows.read(row, "sku", rows::key);
            let units = rows.read(row, "qty", rows::units);
            let lot = rows.optional(row, "lot", rows::key);
            let serials = rows.read(row, "serials", serials::split);
            let location = rows.optional(row, "location", |code| {
                let id = locations.get(code).copied();
                id.map(|id| (id, code.to_owned()))
                    .ok_or_else(|| format!("there is no location {code:?}"))
            });
            if let (Some(sku), Some(units), Some(serials)) = (sku, units, serials) {
                arrivals.push(Arrival {
                    place: row,
                    sku,
                    units,
                    lot,
                    serials,
                    location,
                });
            }
        }
        if rows.len() == 0 {
            return Err(Fault::failed(format!("{} lists no goods", file.display())).into());
        }
        Ok(Self {
            arrivals,
            paper: Paper::File(file.to_owned(), rows),
        })
    }

    fn from_words(
        wanted: &[(String, i64)],
        serials: &HashMap<String, Vec<String>>,
    ) -> anyhow::Result<Self> {
        let mut rest = serials.clone();
        let arrivals = wanted
            .iter()
            .enumerate()
            .map(|(place, (sku, units))| Arrival {
                place,
                sku: sku.clone(),
                units: *units,
                lot: None,
                serials: rest.remove(sku).unwrap_or_default(),
                location: None,
            })
            .collect();
        if let Some(sku) = rest.into_keys().next() {
            let what = format!("--serial {sku}: no unit of it comes in");
            return Err(Fault::usage(what).into());
        }
        Ok(Self {
            arrivals,
            paper: Paper::Words(Vec::new()),
        })
    }

    /// Whether nothing has come.
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty() && matches!(self.paper, Paper::Words(_))
    }

    /// Notes that something cannot be.
    pub fn problem(&mut self, place: usize, column: &str, what: &str) {
        match &mut self.paper {
            Paper::File(_, rows) => rows.problem(place, column, what),
            Paper::Words(problems) => {
                // On the command line, each place has its arrival.
                let sku = self.arrivals.get(place).map_or("", |a| &a.sku);
                problems.push(format!("{sku}: {what}"));
            }
        }
    }

    /// All is well, or an error that names each fault; nothing is applied then.
    ///
    /// # Errors
    /// As said.
    pub fn finish(self) -> anyhow::Result<()> {
        match self.paper {
            Paper::File(file, rows) => rows.finish(&file),
            Paper::Words(problems) if problems.is_empty() => Ok(()),
            Paper::Words(problems) => Err(Fault::failed(problems.join("\n  "))
                .hint("nothing was applied")
                .into()),
        }
    }
}
