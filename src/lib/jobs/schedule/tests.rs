//! What is read as a crontab, what is refused where, and when jobs run.

use chrono::{Datelike, NaiveDate};
use proptest::prelude::*;

use super::*;

const AMSTERDAM: Tz = chrono_tz::Europe::Amsterdam;

fn entry(line: &str) -> Entry {
    let crontab = parse(&format!("{line}\n"), "test.cron");
    assert_eq!(crontab.problems, [], "{line}");
    crontab.entries.into_iter().next().unwrap()
}

/// The next times of a job, as local time with offset.
fn next(schedule: &str, zone: Tz, from: &str, count: usize) -> Vec<String> {
    let entry = entry(&format!("{schedule} job"));
    let from = DateTime::parse_from_rfc3339(from)
        .unwrap()
        .with_timezone(&zone);
    std::iter::successors(entry.next_after(&from), |at| entry.next_after(at))
        .take(count)
        .map(|at| at.format("%a %Y-%m-%dT%H:%M%:z").to_string())
        .collect()
}

fn utc(schedule: &str, from: &str, count: usize) -> Vec<String> {
    next(schedule, Tz::UTC, from, count)
        .into_iter()
        .map(|at| at.trim_end_matches("+00:00").to_owned())
        .collect()
}

#[test]
fn a_file_is_read_with_its_comments_variables_and_jobs() {
    let text = "# a comment\n\nMAILTO=ops@example.com\n \"SHELL\" = /bin/sh\n\
                */5 * * * *\topsctl sync --quiet\n  0 3 * jan-mar mon,fri  opsctl sync --full \n\
                @hourly opsctl reserve\n@reboot opsctl check\n";
    let crontab = parse(text, "shop.cron");
    assert_eq!(crontab.problems, []);
    let read: Vec<_> = crontab
        .entries
        .iter()
        .map(|e| {
            (
                e.line,
                e.schedule.as_str(),
                e.command.as_str(),
                e.command_column,
            )
        })
        .collect();
    assert_eq!(
        read,
        [
            (5, "*/5 * * * *", "opsctl sync --quiet", 13),
            (6, "0 3 * jan-mar mon,fri", "opsctl sync --full", 26),
            (7, "@hourly", "opsctl reserve", 9),
            (8, "@reboot", "opsctl check", 9),
        ]
    );
}

#[test]
fn each_problem_names_its_line_column_and_a_way_on() {
    for (line, expected) in [
        ("61 * * * * x", "1: minute 61 is out of range (0 to 59)"),
        ("0 24 * * * x", "3: hour 24 is out of range (0 to 23)"),
        ("0 0 0 * * x", "5: day of month 0 is out of range (1 to 31)"),
        (
            "0 0 * 13 * x",
            "7: month 13 is out of range (1 to 12 or jan to dec)",
        ),
        (
            "0 0 * * 8 x",
            "9: day of week 8 is out of range (0 to 7 or sun to sat)",
        ),
        (
            "0 0 * * monday x",
            "9: `monday` is no day of week (0 to 7 or sun to sat)",
        ),
        (
            "0 0 1,?,3 * * x",
            "7: `?` is not known to crontab (write `*`)",
        ),
        ("0 0 1,,3 * * x", "7: a day of month is missing (1 to 31)"),
        ("0 0 -1 * * x", "5: a day of month is missing (1 to 31)"),
        (
            "0 22-6 * * * x",
            "3: hour `22-6` runs backwards (write `22-23,0-6`)",
        ),
        (
            "5/10 * * * * x",
            "1: `5/10` is a step without a range (write `5-59/10`)",
        ),
        (
            "*/0 * * * * x",
            "1: minute step `0` is not a number from 1 on",
        ),
        (
            "*/90 * * * * x",
            "1: minute step 90 is longer than its range (name the values themselves; a step starts anew with each range)",
        ),
        ("* * * x", "7: `x` is no month (1 to 12 or jan to dec)"),
        (
            "0 0 *",
            "3 of the five time fields (minute, hour, day of month, month, day of week, then the command)",
        ),
        (
            "0 0 * * *  ",
            "no command after the time (write what is to run after it)",
        ),
        (
            "0 */5 * * * * x",
            "13: a sixth time field (a crontab has five, the first of which is the minute; seconds are not known)",
        ),
        (
            "0 0 30 2 * x",
            "it never runs: no such month has such a day (change the day of month or the month)",
        ),
        (
            "@fortnightly x",
            "1: `@fortnightly` is not known (@hourly, @daily, @weekly, @monthly, @yearly or @reboot)",
        ),
        (
            "CRON_TZ=UTC",
            "CRON_TZ moves the times in some crons only (leave it out: fields are read in the machine's time zone)",
        ),
        (
            "* * * * * x\r",
            "the line ends with a carriage return (save the file with Unix line breaks; cron hands it to the command)",
        ),
    ] {
        let crontab = parse(&format!("# first\n{line}\n"), "shop.cron");
        let [problem] = crontab.problems.as_slice() else {
            panic!("{line}: {:?}", crontab.problems);
        };
        assert_eq!((problem.file.as_str(), problem.line), ("shop.cron", 2));
        let column = problem.column.map_or(String::new(), |at| format!("{at}: "));
        let hint = problem
            .hint
            .as_ref()
            .map_or(String::new(), |h| format!(" ({h})"));
        assert_eq!(format!("{column}{}{hint}", problem.message), expected);
    }
}

#[test]
fn a_last_line_without_a_line_break_is_a_problem() {
    let crontab = parse("* * * * * x\n* * * * * y", "shop.cron");
    assert_eq!(crontab.problems.len(), 1);
    assert_eq!(crontab.problems[0].line, 2);
    assert_eq!(parse("", "empty.cron").problems, []);
}

#[test]
fn one_bad_line_does_not_hide_the_others() {
    let crontab = parse("61 * * * * a\n* * * * * b\n* 24 * * * c\n", "shop.cron");
    let lines: Vec<usize> = crontab.problems.iter().map(|p| p.line).collect();
    assert_eq!((lines, crontab.entries.len()), (vec![1, 3], 1));
}

#[test]
fn minutes_hours_and_steps_come_in_order() {
    assert_eq!(
        utc("*/20 8-9 * * *", "2026-11-24T08:39:30Z", 4),
        [
            "Tue 2026-11-24T08:40",
            "Tue 2026-11-24T09:00",
            "Tue 2026-11-24T09:20",
            "Tue 2026-11-24T09:40"
        ]
    );
    assert_eq!(
        utc("10-30/10 0 * * *", "2026-11-24T00:10:00Z", 3),
        [
            "Tue 2026-11-24T00:20",
            "Tue 2026-11-24T00:30",
            "Wed 2026-11-25T00:10"
        ]
    );
}

#[test]
fn weekdays_count_from_sunday_as_0_and_as_7() {
    let sunday = ["Sun 2026-11-29T00:00", "Sun 2026-12-06T00:00"];
    for schedule in [
        "0 0 * * 0",
        "0 0 * * 7",
        "0 0 * * sun",
        "0 0 * * 7-7",
        "@weekly",
    ] {
        assert_eq!(
            utc(schedule, "2026-11-24T00:00:00Z", 2),
            sunday,
            "{schedule}"
        );
    }
    let weekend = [
        "Fri 2026-11-27T00:00",
        "Sat 2026-11-28T00:00",
        "Sun 2026-11-29T00:00",
        "Fri 2026-12-04T00:00",
    ];
    assert_eq!(utc("0 0 * * 5-7", "2026-11-24T00:00:00Z", 4), weekend);
    assert_eq!(
        utc("0 0 * * MON", "2026-11-24T00:00:00Z", 1),
        ["Mon 2026-11-30T00:00"]
    );
}

#[test]
fn a_day_of_month_or_a_day_of_week_is_enough_where_both_are_named() {
    assert_eq!(
        utc("0 0 13 * fri", "2026-11-05T00:00:00Z", 4),
        [
            "Fri 2026-11-06T00:00",
            "Fri 2026-11-13T00:00",
            "Fri 2026-11-20T00:00",
            "Fri 2026-11-27T00:00"
        ]
    );
    assert_eq!(
        utc("0 0 1,25 * mon", "2026-11-24T00:00:00Z", 3),
        [
            "Wed 2026-11-25T00:00",
            "Mon 2026-11-30T00:00",
            "Tue 2026-12-01T00:00"
        ]
    );
    // A field that begins with `*` is not a named one: here both must hold.
    assert_eq!(
        utc("0 0 */10 * mon", "2026-11-24T00:00:00Z", 2),
        ["Mon 2026-12-21T00:00", "Mon 2027-01-11T00:00"]
    );
}

#[test]
fn the_29th_of_february_waits_for_its_year() {
    assert_eq!(
        utc("0 0 29 2 *", "2026-11-24T00:00:00Z", 2),
        ["Tue 2028-02-29T00:00", "Sun 2032-02-29T00:00"]
    );
}

#[test]
fn a_job_at_boot_has_no_next_time() {
    let now = DateTime::UNIX_EPOCH.with_timezone(&AMSTERDAM);
    assert_eq!(entry("@reboot job").next_after(&now), None);
}

// 2026-03-29: 01:59+01:00 is followed by 03:00+02:00.

#[test]
fn in_the_hour_left_out_a_named_time_runs_right_after_it() {
    assert_eq!(
        next("30 2 * * *", AMSTERDAM, "2026-03-28T12:00:00+01:00", 2),
        ["Sun 2026-03-29T03:00+02:00", "Mon 2026-03-30T02:30+02:00"]
    );
    assert_eq!(
        next("0,30 2,3 * * *", AMSTERDAM, "2026-03-29T01:30:00+01:00", 3),
        [
            "Sun 2026-03-29T03:00+02:00",
            "Sun 2026-03-29T03:30+02:00",
            "Mon 2026-03-30T02:00+02:00"
        ]
    );
}

#[test]
fn in_the_hour_left_out_a_job_of_every_minute_has_no_run() {
    assert_eq!(
        next("*/30 * * * *", AMSTERDAM, "2026-03-29T01:00:00+01:00", 3),
        [
            "Sun 2026-03-29T01:30+01:00",
            "Sun 2026-03-29T03:00+02:00",
            "Sun 2026-03-29T03:30+02:00"
        ]
    );
    assert_eq!(
        next("*/30 2 * * *", AMSTERDAM, "2026-03-28T12:00:00+01:00", 1),
        ["Mon 2026-03-30T02:00+02:00"]
    );
}

// 2026-10-25: 02:59+02:00 is followed by 02:00+01:00.

#[test]
fn in_the_hour_that_comes_twice_a_named_time_runs_once() {
    assert_eq!(
        next("30 2 * * *", AMSTERDAM, "2026-10-25T00:00:00+02:00", 2),
        ["Sun 2026-10-25T02:30+02:00", "Mon 2026-10-26T02:30+01:00"]
    );
    assert_eq!(
        next("30 2 * * *", AMSTERDAM, "2026-10-25T02:10:00+01:00", 1),
        ["Mon 2026-10-26T02:30+01:00"]
    );
}

#[test]
fn in_the_hour_that_comes_twice_a_job_of_every_minute_runs_in_both() {
    assert_eq!(
        next("*/30 * * * *", AMSTERDAM, "2026-10-25T01:30:00+02:00", 6),
        [
            "Sun 2026-10-25T02:00+02:00",
            "Sun 2026-10-25T02:30+02:00",
            "Sun 2026-10-25T02:00+01:00",
            "Sun 2026-10-25T02:30+01:00",
            "Sun 2026-10-25T03:00+01:00",
            "Sun 2026-10-25T03:30+01:00"
        ]
    );
    assert_eq!(
        next("45 * * * *", AMSTERDAM, "2026-10-25T02:50:12+02:00", 2),
        ["Sun 2026-10-25T02:45+01:00", "Sun 2026-10-25T03:45+01:00"]
    );
}

/// Whether cron would start a job in the minute that the clock shows, from the fields alone.
fn is_due(entry: &str, at: &DateTime<Tz>) -> bool {
    let fields: Vec<&str> = entry.split(' ').collect();
    let holds = |text: &str, spec: &fields::Spec, value: u32| {
        let list = Field::parse(text, spec).unwrap().list(0);
        list.split(',').any(|v| v == value.to_string())
    };
    let [minute, hour, _, month, _] = &fields::STANDARD;
    let day = holds(fields[2], &fields::DAY, at.day());
    let weekday = holds(
        fields[4],
        &fields::WEEKDAY,
        at.weekday().num_days_from_sunday(),
    );
    let either = !fields[2].starts_with('*') && !fields[4].starts_with('*');
    holds(fields[0], minute, at.minute())
        && holds(fields[1], hour, at.hour())
        && holds(fields[3], month, at.month())
        && if either {
            day || weekday
        } else {
            day && weekday
        }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A job that follows the clock is due in exactly the minutes in which the clock shows its
    /// time: held against a walk over every minute around both changes of the clock.
    #[test]
    fn the_next_run_is_the_first_minute_that_is_due(
        minute in "\\*|\\*/(7|15|30)",
        hour in "\\*|[0-3]|1-4|\\*/3",
        day in "\\*|25|29|\\*/2",
        weekday in "\\*|0|7|5-7",
        zone in proptest::sample::select(vec![
            AMSTERDAM,
            chrono_tz::Australia::Lord_Howe,
            chrono_tz::America::St_Johns,
        ]),
        start in 0_i64..1440,
        month in proptest::sample::select(vec![3_u32, 4, 10, 11]),
    ) {
        let schedule = format!("{minute} {hour} {day} * {weekday}");
        let entry = entry(&format!("{schedule} job"));
        let midnight = NaiveDate::from_ymd_opt(2026, month, if month % 2 == 1 { 28 } else { 24 })
            .unwrap()
            .and_hms_opt(0, 0, 0)
            .unwrap();
        let from = zone.from_utc_datetime(&(midnight + MINUTE * start as i32));
        let window = 3 * 1440;
        let walked = (1..=window)
            .map(|minutes| from + MINUTE * minutes)
            .find(|at| is_due(&schedule, at));
        let found = entry
            .next_after(&from)
            .filter(|at| *at <= from + MINUTE * window);
        prop_assert_eq!(found, walked, "{} from {}", schedule, from);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[\\PC\n]{0,200}|[*/,0-9a-z@= \t\n?-]{0,200}") {
        let lines = text.split('\n').count();
        let crontab = parse(&text, "any.cron");
        prop_assert!(crontab.problems.iter().all(|p| (1..=lines).contains(&p.line)));
        prop_assert!(crontab.entries.iter().all(|e| !e.command.is_empty()));
    }
}
