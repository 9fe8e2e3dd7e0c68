//! Documents are printed again: each as a job of its own, after the earlier ones that might
//! still come to paper were taken back.

use std::str::FromStr;

use super::{Placed, Printed, Wish, of_sending, placed, station};
use crate::context::Context;
use crate::fault::Fault;
use crate::integrations::cups::{self, JobState};
use crate::store::print_jobs::{self, Row, To};
use crate::workflows::{printing, until_no_conflict};

/// What is printed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// A document, by its number.
    Document(i64),
    /// What a job printed.
    Job(i64),
    /// All documents of a sending.
    Sending(String),
}

impl FromStr for Again {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |rest: &str| {
            let number = rest.parse::<i64>().ok().filter(|number| *number > 0);
            number.ok_or_else(|| format!("{rest:?} is no number"))
        };
        match text.split_once(':') {
            Some(("document", rest)) => number(rest).map(Self::Document),
            Some(("job", rest)) => number(rest).map(Self::Job),
            _ => Ok(Self::Sending(text.to_owned())),
        }
    }
}

/// Prints again what was printed, or should have been. Two at once print once.
///
/// # Errors
/// There is no such thing, another run is printing it at this moment, the print server is
/// away while an earlier job lies there, the station is not clear, or the store's.
pub async fn reprint(ctx: &Context, wish: &Wish) -> anyhow::Result<Printed> {
    let what: Again = wish.what.parse().map_err(Fault::usage)?;
    let place = station(&ctx.tenant, wish.station.as_deref())?;
    let mut tx = ctx.store.read().await?;
    let (order, wanted) = match &what {
        Again::Document(document) => (None, vec![*document]),
        Again::Job(job) => {
            let row = print_jobs::find(&mut tx, *job).await?.ok_or_else(|| {
                Fault::failed(format!("there is no print job {job}"))
                    .hint("`opsctl label list` shows those there are")
            })?;
            (None, vec![row.document_id])
        }
        Again::Sending(sending) => {
            let (order, documents) = of_sending(&mut tx, sending).await?;
            (Some(order), documents)
        }
    };
    let mut planned = Vec::new();
    for document in wanted {
        if print_jobs::is_void(&mut tx, document).await? {
            let text = format!("document {document} is void: so are its labels");
            return Err(Fault::failed(text).into());
        }
        planned.push(placed(&mut tx, place, document).await?);
    }
    drop(tx);
    let mut done = Printed {
        dry_run: wish.dry_run,
        station: place.0.to_owned(),
        order,
        planned,
        jobs: Vec::new(),
        before: 0,
        for_reprint: Vec::new(),
    };
    if wish.dry_run {
        return Ok(done);
    }
    let mut jobs = Vec::new();
    for wanted in &done.planned {
        take_back(ctx, wanted.document).await?;
        jobs.push(until_no_conflict!(plan(ctx, place.0, wanted))?);
    }
    done.jobs = printing::run(ctx, &jobs, wish.patience).await?;
    Ok(done)
}

/// Takes the earlier jobs of a document back where they might still come to paper.
///
/// # Errors
/// Another run is printing it at this moment, the print server is away, or the store's.
pub async fn take_back(ctx: &Context, document: i64) -> anyhow::Result<()> {
    let mut tx = ctx.store.read().await?;
    let earlier = print_jobs::of_document(&mut tx, document).await?;
    drop(tx);
    let open: Vec<&Row> = earlier.iter().filter(|row| row.is_open()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let cups = ctx.services.cups(&ctx.tenant)?;
    for row in open {
        if row.state == "sending" && row.next_at > ctx.clock.now().0 {
            let text = format!("another run is printing {} at this moment", row.title);
            return Err(Fault::try_again(text)
                .hint("`opsctl label list --open` shows how far it is")
                .into());
        }
        let (state, said) = if row.state == "planned" {
            ("dropped", "it was not handed over")
        } else {
            at_the_server(&cups, row).await?
        };
        until_no_conflict!(drop_job(ctx, row, state, said))?;
    }
    Ok(())
}

/// What becomes of an earlier job that the print server may have.
async fn at_the_server(
    cups: &cups::Client,
    row: &Row,
) -> Result<(&'static str, &'static str), cups::Error> {
    let name = row.name();
    let Some(job) = cups.find(&row.printer, &name).await? else {
        return Ok(("dropped", "CUPS does not know it"));
    };
    cups.cancel(job.id).await?;
    let after = cups.find(&row.printer, &name).await?;
    Ok(match after.map(|job| job.state) {
        Some(JobState::Completed) => ("printed", "handed to the printer"),
        _ => ("dropped", "taken back from CUPS"),
    })
}

async fn drop_job(ctx: &Context, row: &Row, state: &str, said: &str) -> anyhow::Result<()> {
    let now = ctx.clock.now();
    let to = To {
        state,
        job: None,
        said,
        next_at: now,
    };
    let mut tx = ctx.store.begin().await?;
    // Where another run has changed it meanwhile, it is at its end or that run's.
    print_jobs::shift(&mut tx, row, now, &to).await?;
    ctx.store.commit(tx).await?;
    Ok(())
}

async fn plan(ctx: &Context, station: &str, wanted: &Placed) -> anyhow::Result<i64> {
    let stamp = ctx.stamp();
    let mut tx = ctx.store.begin().await?;
    let earlier = print_jobs::of_document(&mut tx, wanted.document).await?;
    let first = printing::first(wanted.document);
    let reference = match earlier.len() {
        0 => first,
        so_many => format!("{first}:again:{so_many}"),
    };
    let place = (station, wanted.printer.as_str());
    let id = printing::plan(&mut tx, &stamp, wanted.document, place, &reference).await?;
    ctx.store.commit(tx).await?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_jobs_are_said_by_their_kind() {
        assert_eq!("document:12".parse(), Ok(Again::Document(12)));
        assert_eq!("job:7".parse(), Ok(Again::Job(7)));
        assert_eq!("17".parse(), Ok(Again::Sending("17".to_owned())));
        assert_eq!("woo:1-2".parse(), Ok(Again::Sending("woo:1-2".to_owned())));
        assert!("job:x".parse::<Again>().is_err());
        assert!("document:-1".parse::<Again>().is_err());
    }
}
