//! `opsctl cron check | next`: the crontab files held against the rules, and what runs when.
//!
//! Changes nothing, and needs no database. Files given as arguments are read; without any,
//! all files of the folder `crontab`. A job that calls opsctl is held against opsctl's own
//! command line, so that a mistyped option is found here and not at three in the morning.

mod command_line;

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use serde::Serialize;

use super::{Out, Page, Report};
use crate::domain::time::UtcMs;
use crate::fault::{Exit, Fault};
use crate::jobs::schedule::{self, Crontab, Entry, Problem};

/// Where crontab files are looked for.
const FOLDER: &str = "crontab";

/// Arguments of `opsctl cron`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Check crontab files and the opsctl commands in them
    Check(CheckArgs),
    /// Show the next runs
    Next(NextArgs),
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// Crontab files; without any, all of the folder `crontab`
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct NextArgs {
    /// Crontab files; without any, all of the folder `crontab`
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How many runs to show
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// Runs after this time, as 2026-11-24T08:30 in the tenant's zone or with an offset;
    /// now, if not given
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Checks the files, or shows the next runs in the zone `tz`.
///
/// # Errors
/// A file cannot be read or, for `next`, has problems; a time is none; stdout is closed.
pub fn run(args: &Args, tz: Tz, now: UtcMs, out: &mut Out) -> anyhow::Result<Exit> {
    match &args.action {
        Action::Check(args) => {
            let report = check(&read(&args.files, Path::new(FOLDER))?);
            out.report(&report)?;
            Ok(if report.problems.is_empty() {
                Exit::Done
            } else {
                Exit::Usage
            })
        }
        Action::Next(args) => {
            let from = match &args.at {
                Some(text) => moment(text, tz)?,
                None => now.to_utc().with_timezone(&tz),
            };
            let files = read(&args.files, Path::new(FOLDER))?;
            out.report(&next(&files, &from, args.count.into())?)?;
            Ok(Exit::Done)
        }
    }
}

/// A file's name as shown, and what it holds.
type Named = (String, Crontab);

fn read(files: &[PathBuf], folder: &Path) -> anyhow::Result<Vec<Named>> {
    let all;
    let files = if files.is_empty() {
        all = files_of(folder)?;
        &all
    } else {
        files
    };
    let mut crontabs = Vec::new();
    for path in files {
        let name = path.display().to_string();
        let bytes = fs::read(path)
            .map_err(|error| Fault::usage(format!("{name} cannot be read: {error}")))?;
        let crontab = match std::str::from_utf8(&bytes) {
            Ok(text) => schedule::parse(text, &name),
            Err(error) => Crontab {
                entries: Vec::new(),
                problems: vec![not_text(&bytes[..error.valid_up_to()], &name)],
            },
        };
        crontabs.push((name, crontab));
    }
    Ok(crontabs)
}

/// The folder's files by name, without hidden ones and an editor's backups.
fn files_of(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let name = folder.display();
    let unreadable = |error| {
        Fault::usage(format!("the folder {name} cannot be read: {error}"))
            .hint("name the files, or run opsctl where the folder is")
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_file() && !name.starts_with('.') && !name.ends_with('~') {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(Fault::usage(format!("there is no crontab file in the folder {name}")).into());
    }
    files.sort();
    Ok(files)
}

fn not_text(before: &[u8], file: &str) -> Problem {
    Problem {
        file: file.to_owned(),
        line: before.split(|byte| *byte == b'\n').count(),
        column: None,
        message: "not UTF-8 text".to_owned(),
        hint: Some("save the file as UTF-8".to_owned()),
    }
}

#[derive(Debug, Serialize)]
struct Checked {
    files: Vec<CheckedFile>,
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct CheckedFile {
    file: String,
    jobs: usize,
    problems: usize,
}

fn check(crontabs: &[Named]) -> Checked {
    let mut checked = Checked {
        files: Vec::new(),
        problems: Vec::new(),
    };
    for (file, crontab) in crontabs {
        let mut problems = crontab.problems.clone();
        for entry in &crontab.entries {
            let wrong = command_line::check(&entry.command).err();
            problems.extend(wrong.map(|wrong| Problem {
                file: file.clone(),
                line: entry.line,
                column: Some(entry.command_column),
                message: wrong.message,
                hint: wrong.hint,
            }));
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        checked.files.push(CheckedFile {
            file: file.clone(),
            jobs: crontab.entries.len(),
            problems: problems.len(),
        });
        checked.problems.append(&mut problems);
    }
    checked
}

impl Report for Checked {
    fn render(&self, page: &mut Page) {
        for problem in &self.problems {
            page.line(place(problem));
            if let Some(hint) = &problem.hint {
                page.line(format!("  hint: {hint}"));
            }
        }
        for file in &self.files {
            let verdict = match file.problems {
                0 => "nothing wrong".to_owned(),
                1 => "1 problem".to_owned(),
                several => format!("{several} problems"),
            };
            let jobs = if file.jobs == 1 { "job" } else { "jobs" };
            page.line(format!("{}: {} {jobs}, {verdict}", file.file, file.jobs));
        }
    }
}

/// A problem in the form that editors jump to.
fn place(problem: &Problem) -> String {
    let column = problem.column.map_or(String::new(), |at| format!(":{at}"));
    let message = super::out::printable(&problem.message);
    format!("{}:{}{column}: {message}", problem.file, problem.line)
}

#[derive(Debug, Serialize)]
struct NextRuns {
    timezone: String,
    after: UtcMs,
    runs: Vec<Run>,
}

#[derive(Debug, Serialize)]
struct Run {
    at: UtcMs,
    /// The same in the zone, with its offset.
    local: String,
    schedule: String,
    command: String,
    file: String,
    line: usize,
    #[serde(skip)]
    shown: String,
}

fn next(crontabs: &[Named], from: &DateTime<Tz>, count: usize) -> anyhow::Result<NextRuns> {
    if let Some(problem) = crontabs.iter().find_map(|(_, c)| c.problems.first()) {
        return Err(Fault::usage(place(problem))
            .hint("`opsctl cron check` shows all problems")
            .into());
    }
    let entries = crontabs.iter().flat_map(|(_, crontab)| &crontab.entries);
    let mut due: Vec<(DateTime<Tz>, &Entry)> = entries
        .filter_map(|entry| Some((entry.next_after(from)?, entry)))
        .collect();
    let mut runs = Vec::new();
    // Jobs of the same minute come in the order of the files.
    while runs.len() < count
        && let Some(first) = (0..due.len()).min_by_key(|at| due[*at].0)
    {
        let (at, entry) = due[first];
        runs.push(Run {
            at: UtcMs(at.timestamp_millis()),
            local: at.to_rfc3339(),
            schedule: entry.schedule.clone(),
            command: entry.command.clone(),
            file: entry.file.clone(),
            line: entry.line,
            shown: at.format("%a %Y-%m-%d %H:%M %Z").to_string(),
        });
        match entry.next_after(&at) {
            Some(later) => due[first].0 = later,
            None => drop(due.remove(first)),
        }
    }
    Ok(NextRuns {
        timezone: from.timezone().name().to_owned(),
        after: UtcMs(from.timestamp_millis()),
        runs,
    })
}

impl Report for NextRuns {
    fn render(&self, page: &mut Page) {
        if self.runs.is_empty() {
            page.line("No job is due by time.");
            return;
        }
        page.line(format!("Fields read as times of {}.", self.timezone));
        page.table(
            &["When", "Schedule", "Job", "File"],
            self.runs.iter().map(|run| {
                vec![
                    run.shown.clone(),
                    run.schedule.clone(),
                    run.command.clone(),
                    format!("{}:{}", run.file, run.line),
                ]
            }),
        );
    }
}

/// A time with an offset, or a time of the zone.
fn moment(text: &str, tz: Tz) -> anyhow::Result<DateTime<Tz>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&tz));
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .ok_or_else(|| {
            Fault::usage(format!("--at is no time: {text:?}"))
                .hint("write 2026-11-24T08:30 or 2026-11-24T08:30:00+01:00")
        })?;
    tz.from_local_datetime(&local).earliest().ok_or_else(|| {
        Fault::usage(format!("--at {text} does not exist in {tz}"))
            .hint("the clock is set forward over it; write a time with an offset")
            .into()
    })
}

#[cfg(test)]
mod tests;
