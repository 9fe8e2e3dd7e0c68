//! What runs when: crontab files in the standard form, read as the system's cron reads them.
//!
//! The form is that of a user's crontab (`crontab(5)`): five time fields or an `@` word, then
//! the command; no user column. Day of month and day of week are both asked for where one of
//! them begins with `*`, and either is enough where none does.
//!
//! When the clock is set forward or back, a job that names its hour and minute runs once: one
//! that falls into the hour left out runs right after it, one in the hour that comes twice
//! runs the first time. A job with `*` in its minute or hour field runs whenever the clock
//! shows its time: not in the hour left out, and in both of the two. Debian's cron and cronie
//! do the same.

mod fields;

use std::str::FromStr;

use chrono::offset::LocalResult;
use chrono::{DateTime, Duration, NaiveDateTime, TimeZone, Timelike};
use chrono_tz::Tz;
use serde::Serialize;

use fields::{Complaint, Field};

/// The steps in which the clock's changes are looked for; every zone changes on a minute.
const MINUTE: Duration = Duration::minutes(1);
/// The longest stretch of time that a change of the clock leaves out or repeats: a day, where
/// a country crossed the date line.
const LONGEST_CHANGE_MINUTES: usize = 24 * 60;

/// A crontab file as read: its jobs, and the lines that cron would not take.
#[derive(Debug, Default)]
pub struct Crontab {
    /// The jobs, in the order of the file.
    pub entries: Vec<Entry>,
    /// What is wrong, in the order of the file.
    pub problems: Vec<Problem>,
}

/// One job of a crontab file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The file it stands in.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The time fields as written.
    pub schedule: String,
    /// The command line as written, for the shell.
    pub command: String,
    /// The column of the command, from 1.
    pub command_column: usize,
    times: Option<Times>,
}

/// What is wrong with a line of a crontab file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, where one place is wrong.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// The times of a job on the clock of no zone in particular.
#[derive(Debug, Clone)]
struct Times {
    /// A job is due when one of them is.
    any_of: Vec<cron::Schedule>,
    /// Whether the job names no hour or no minute: it follows the clock through its changes.
    follows_clock: bool,
}

/// Reads the text of a crontab file. `file` is the name shown with each job and problem.
#[must_use]
pub fn parse(text: &str, file: &str) -> Crontab {
    let mut crontab = Crontab::default();
    for (at, line) in text.split('\n').enumerate() {
        let problem = |complaint: Complaint| Problem {
            file: file.to_owned(),
            line: at + 1,
            column: complaint.column,
            message: complaint.message,
            hint: complaint.hint,
        };
        match read_line(line) {
            Ok(None) => {}
            Ok(Some(job)) => crontab.entries.push(Entry {
                file: file.to_owned(),
                line: at + 1,
                schedule: job.schedule,
                command: job.command,
                command_column: job.command_column,
                times: job.times,
            }),
            Err(complaint) => crontab.problems.push(problem(complaint)),
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        crontab.problems.push(Problem {
            file: file.to_owned(),
            line: text.split('\n').count(),
            column: None,
            message: "the last line has no line break".to_owned(),
            hint: Some("end it with a newline; cron refuses the file without".to_owned()),
        });
    }
    crontab
}

struct Job {
    schedule: String,
    command: String,
    command_column: usize,
    times: Option<Times>,
}

/// A line's job; none for a comment, a blank line and a `NAME=value` line.
fn read_line(line: &str) -> Result<Option<Job>, Complaint> {
    if line.ends_with('\r') {
        return Err(Complaint::new("the line ends with a carriage return")
            .hint("save the file with Unix line breaks; cron hands it to the command"));
    }
    let text = line.trim_start_matches([' ', '\t']);
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    if let Some(name) = variable(text) {
        if name == "CRON_TZ" {
            return Err(Complaint::new("CRON_TZ moves the times in some crons only")
                .hint("leave it out: fields are read in the machine's time zone"));
        }
        return Ok(None);
    }
    let words = Words::of(line);
    if text.starts_with('@') {
        return at_word(&words).map(Some);
    }
    let (fields, rest) = words.split(5);
    let parsed = fields
        .iter()
        .zip(&fields::STANDARD)
        .map(|((column, word), spec)| {
            Field::parse(word, spec).map_err(|complaint| complaint.shifted(*column))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let [minute, hour, day, month, weekday] = parsed.as_slice() else {
        return Err(
            Complaint::new(format!("{} of the five time fields", parsed.len()))
                .hint("minute, hour, day of month, month, day of week, then the command"),
        );
    };
    let (command_column, command) = rest.ok_or_else(no_command)?;
    if command.starts_with(['*', '?']) {
        return Err(Complaint::new("a sixth time field")
            .at(command_column)
            .hint("a crontab has five, the first of which is the minute; seconds are not known"));
    }
    let times = Times::new(minute, hour, day, month, weekday)?;
    let schedule: Vec<&str> = fields.iter().map(|(_, word)| *word).collect();
    Ok(Some(Job {
        schedule: schedule.join(" "),
        command: command.to_owned(),
        command_column,
        times: Some(times),
    }))
}

fn at_word(words: &Words<'_>) -> Result<Job, Complaint> {
    let (fields, rest) = words.split(1);
    let (column, word) = fields[0];
    let standard = match word.to_ascii_lowercase().as_str() {
        "@reboot" => None,
        "@hourly" => Some("0 * * * *"),
        "@daily" | "@midnight" => Some("0 0 * * *"),
        "@weekly" => Some("0 0 * * 0"),
        "@monthly" => Some("0 0 1 * *"),
        "@yearly" | "@annually" => Some("0 0 1 1 *"),
        _ => {
            return Err(Complaint::new(format!("`{word}` is not known"))
                .at(column)
                .hint("@hourly, @daily, @weekly, @monthly, @yearly or @reboot"));
        }
    };
    let (command_column, command) = rest.ok_or_else(no_command)?;
    let times = match standard {
        None => None,
        Some(standard) => read_line(&format!("{standard} -"))?.and_then(|job| job.times),
    };
    Ok(Job {
        schedule: word.to_owned(),
        command: command.to_owned(),
        command_column,
        times,
    })
}

fn no_command() -> Complaint {
    Complaint::new("no command after the time").hint("write what is to run after it")
}

/// The name that a `NAME=value` line sets.
fn variable(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    let name = name.trim_end_matches([' ', '\t']);
    let name = ['"', '\'']
        .iter()
        .find_map(|quote| name.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(name);
    let mut letters = name.chars();
    let first = letters.next()?;
    let is_name = (first.is_ascii_alphabetic() || first == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some(name)
}

/// The words of a line with their columns.
struct Words<'a> {
    line: &'a str,
}

/// A column from 1, and the text that begins there.
type Placed<'a> = (usize, &'a str);

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        Self { line }
    }

    /// The first words, at most `count`, and what follows them.
    fn split(&self, count: usize) -> (Vec<Placed<'a>>, Option<Placed<'a>>) {
        let blank = |c| c == ' ' || c == '\t';
        let column = |rest: &str| self.line[..self.line.len() - rest.len()].chars().count() + 1;
        let mut words = Vec::new();
        let mut rest = self.line.trim_start_matches(blank);
        while words.len() < count && !rest.is_empty() {
            let end = rest.find(blank).unwrap_or(rest.len());
            words.push((column(rest), &rest[..end]));
            rest = rest[end..].trim_start_matches(blank);
        }
        let rest_column = column(rest);
        let rest = rest.trim_end_matches(blank);
        (words, (!rest.is_empty()).then_some((rest_column, rest)))
    }
}

impl Times {
    fn new(
        minute: &Field,
        hour: &Field,
        day: &Field,
        month: &Field,
        weekday: &Field,
    ) -> Result<Self, Complaint> {
        let any_day = Field::all(&fields::DAY);
        let any_weekday = Field::all(&fields::WEEKDAY);
        let days = if day.star || weekday.star {
            vec![(day, weekday)]
        } else {
            vec![(day, &any_weekday), (&any_day, weekday)]
        };
        // The crate wants seconds first and counts weekdays from 1 = Sunday.
        let any_of = days
            .into_iter()
            .map(|(day, weekday)| {
                let text = format!(
                    "0 {} {} {} {} {}",
                    minute.list(0),
                    hour.list(0),
                    day.list(0),
                    month.list(0),
                    weekday.list(1)
                );
                cron::Schedule::from_str(&text).map_err(|error| Complaint::new(error.to_string()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let times = Self {
            any_of,
            follows_clock: minute.star || hour.star,
        };
        if times.after(DateTime::UNIX_EPOCH.naive_utc()).is_none() {
            return Err(
                Complaint::new("it never runs: no such month has such a day")
                    .hint("change the day of month or the month"),
            );
        }
        Ok(times)
    }

    /// The next time on the clock, as if the clock were never changed.
    fn after(&self, clock: NaiveDateTime) -> Option<NaiveDateTime> {
        self.any_of
            .iter()
            .filter_map(|schedule| schedule.after(&clock.and_utc()).next())
            .min()
            .map(|at| at.naive_utc())
    }
}

impl Entry {
    /// When the job runs next after a moment, in that moment's zone. `None` for `@reboot`,
    /// and past the year 2100.
    #[must_use]
    pub fn next_after(&self, after: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        let times = self.times.as_ref()?;
        let zone = after.timezone();
        let mut clock = after.naive_local();
        if times.follows_clock
            && let Some(again) = second_pass(after)
        {
            // The clock will be set back: what is left of this pass, then the next one.
            let this_pass = times.after(clock).map(|at| zone.from_local_datetime(&at));
            if let Some(LocalResult::Ambiguous(first, _)) = this_pass {
                return Some(first);
            }
            let next_pass = times.after(again - Duration::seconds(1));
            if let Some(LocalResult::Ambiguous(_, second)) =
                next_pass.map(|at| zone.from_local_datetime(&at))
            {
                return Some(second);
            }
        }
        loop {
            clock = times.after(clock)?;
            let found = match zone.from_local_datetime(&clock) {
                LocalResult::Single(at) => Some(at),
                LocalResult::Ambiguous(first, _) if first > *after => Some(first),
                LocalResult::Ambiguous(_, second) if times.follows_clock => Some(second),
                LocalResult::None if !times.follows_clock => end_of_gap(zone, clock),
                _ => None,
            };
            if let Some(at) = found
                && at > *after
            {
                return Some(at);
            }
        }
    }
}

/// What the clock shows when it is set back, for a moment in the first of two hours alike.
fn second_pass(moment: &DateTime<Tz>) -> Option<NaiveDateTime> {
    let zone = moment.timezone();
    let is_ambiguous = |clock: &NaiveDateTime| {
        matches!(zone.from_local_datetime(clock), LocalResult::Ambiguous(..))
    };
    let clock = moment.naive_local().with_second(0)?.with_nanosecond(0)?;
    match zone.from_local_datetime(&moment.naive_local()) {
        LocalResult::Ambiguous(first, _) if first == *moment => {}
        _ => return None,
    }
    std::iter::successors(Some(clock), |clock| Some(*clock - MINUTE))
        .take(LONGEST_CHANGE_MINUTES)
        .take_while(is_ambiguous)
        .last()
}

/// The first moment after a time that the clock leaves out.
fn end_of_gap(zone: Tz, clock: NaiveDateTime) -> Option<DateTime<Tz>> {
    std::iter::successors(Some(clock), |clock| Some(*clock + MINUTE))
        .take(LONGEST_CHANGE_MINUTES + 1)
        .find_map(|clock| zone.from_local_datetime(&clock).earliest())
}

#[cfg(test)]
mod tests;
