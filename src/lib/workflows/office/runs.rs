//! How the jobs go.

use serde::Serialize;
use serde_json::Value;

use super::{PAGE, chosen};
use crate::context::Context;
use crate::store::office::house::{self, Run};

/// A run of a job as a person reads it.
#[derive(Debug, Serialize)]
pub struct RunShown {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// How long it took in milliseconds; none while it runs.
    pub took_ms: Option<i64>,
    /// Its report's figures, one after the other; or its error.
    pub told: Vec<(String, String)>,
}

impl RunShown {
    fn of(run: Run) -> Self {
        let report = run.report.as_deref().unwrap_or_default();
        let took = run.finished_at.map(|end| end - run.started_at);
        Self {
            took_ms: took,
            told: told(report),
            run,
        }
    }
}

/// A report's own figures and words: what is not zero, empty or a list of particulars.
fn told(report: &str) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::from_str(report) else {
        return Vec::new();
    };
    let words = |value: &Value| match value {
        Value::Number(number) if number.as_f64() != Some(0.0) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.chars().take(300).collect()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Array(list) if !list.is_empty() => Some(list.len().to_string()),
        _ => None,
    };
    let named = |(name, value): (&String, &Value)| Some((name.replace('_', " "), words(value)?));
    fields.iter().filter_map(named).collect()
}

/// The runs of jobs.
#[derive(Debug, Serialize)]
pub struct Runs {
    /// The jobs that ever ran, each with its last run that did all it should.
    pub jobs: Vec<(String, Option<RunShown>)>,
    /// A page of runs, newest first.
    pub rows: Vec<RunShown>,
    /// Where the next page begins, if there is one.
    pub next: Option<i64>,
}

/// The runs of jobs, newest first; of one job, where one is given.
///
/// # Errors
/// The store's.
pub async fn runs(ctx: &Context, job: Option<&str>, before: Option<i64>) -> anyhow::Result<Runs> {
    let job = chosen(job);
    let mut tx = ctx.store.read().await?;
    let before = before.unwrap_or(i64::MAX);
    let mut rows = house::runs(&mut tx, job.as_deref(), before, PAGE + 1).await?;
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    let mut jobs = Vec::new();
    for job in house::jobs(&mut tx).await? {
        let last = house::last_success(&mut tx, &job).await?;
        jobs.push((job, last.map(RunShown::of)));
    }
    Ok(Runs {
        jobs,
        next: rows.last().map(|last| last.id).filter(|_| more),
        rows: rows.into_iter().map(RunShown::of).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_told_in_its_own_figures() {
        let report =
            r#"{"taken_in": 3, "failed": 0, "dry_run": false, "notes": ["a", "b"], "error": "x"}"#;
        let named = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let wanted = [("taken in", "3"), ("notes", "2"), ("error", "x")].map(named);
        assert_eq!(told(report), wanted);
        assert!(told("not json").is_empty());
    }
}
