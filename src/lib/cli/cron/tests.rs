//! The reports of `opsctl cron`, over real files.

use tempfile::TempDir;

use super::*;

const AMSTERDAM: Tz = chrono_tz::Europe::Amsterdam;

fn crontab(text: &str) -> Vec<Named> {
    let name = "crontab/shop.cron".to_owned();
    vec![(name.clone(), schedule::parse(text, &name))]
}

fn page(report: &impl Report) -> String {
    let mut page = Page::default();
    report.render(&mut page);
    page.into_text()
}

#[test]
fn each_problem_is_shown_with_its_place_and_a_hint() {
    let checked = check(&crontab(
        "61 * * * * opsctl gtin\n0 0 * * * opsctl gtni\n0 1 * * * backup\n",
    ));
    insta::assert_snapshot!(page(&checked), @"
    crontab/shop.cron:1:1: minute 61 is out of range
      hint: 0 to 59
    crontab/shop.cron:2:11: unrecognized subcommand 'gtni'
      hint: a similar subcommand exists: 'gtin'
    crontab/shop.cron: 2 jobs, 2 problems
    ");
}

#[test]
fn a_good_file_has_nothing_wrong() {
    let checked = check(&crontab("@daily opsctl cron check --quiet\n"));
    assert_eq!(page(&checked), "crontab/shop.cron: 1 job, nothing wrong\n");
}

#[test]
fn the_next_runs_of_all_jobs_come_in_order_of_time() {
    let files = crontab("*/30 * * * * opsctl sync --quiet\n0 3 * * * opsctl sync --full\n");
    let from = moment("2026-10-25T02:10:00+01:00", AMSTERDAM).unwrap();
    let runs = next(&files, &from, 3).unwrap();
    insta::assert_snapshot!(page(&runs), @"
    Fields read as times of Europe/Amsterdam.
     When                       Schedule       Job                   File
    ─────────────────────────────────────────────────────────────────────────────────────
     Sun 2026-10-25 02:30 CET   */30 * * * *   opsctl sync --quiet   crontab/shop.cron:1
     Sun 2026-10-25 03:00 CET   */30 * * * *   opsctl sync --quiet   crontab/shop.cron:1
     Sun 2026-10-25 03:00 CET   0 3 * * *      opsctl sync --full    crontab/shop.cron:2
    ");
    insta::assert_snapshot!(serde_json::to_string(&runs.runs[0]).unwrap(), @r#"{"at":"2026-10-25T01:30:00Z","local":"2026-10-25T02:30:00+01:00","schedule":"*/30 * * * *","command":"opsctl sync --quiet","file":"crontab/shop.cron","line":1}"#);
}

#[test]
fn a_file_with_problems_has_no_next_runs() {
    let from = moment("2026-11-24T08:30", AMSTERDAM).unwrap();
    let error = next(&crontab("61 * * * * x\n"), &from, 1).unwrap_err();
    let fault = error.downcast_ref::<Fault>().unwrap();
    assert_eq!(fault.exit, Exit::Usage);
    assert_eq!(
        fault.message,
        "crontab/shop.cron:1:1: minute 61 is out of range"
    );
}

#[test]
fn a_time_is_read_in_the_zone_or_with_its_offset() {
    let shown = |text| moment(text, AMSTERDAM).map(|at| at.to_rfc3339());
    let half_past_eight = "2026-11-24T08:30:00+01:00";
    for text in [
        "2026-11-24T08:30",
        "2026-11-24T08:30:00",
        "2026-11-24T07:30:00Z",
    ] {
        assert_eq!(shown(text).unwrap(), half_past_eight);
    }
    assert!(shown("2026-03-29T02:30").is_err());
    assert!(shown("tomorrow").is_err());
}

#[test]
fn the_folders_files_are_read_by_name_without_backups() {
    let dir = TempDir::new().unwrap();
    assert!(read(&[], dir.path()).is_err());
    for name in ["b.cron", "a.cron", ".a.cron.swp", "a.cron~"] {
        fs::write(dir.path().join(name), "@daily x\n").unwrap();
    }
    fs::create_dir(dir.path().join("old")).unwrap();
    fs::write(dir.path().join("c.cron"), b"# good\n# \xff\n").unwrap();
    let read = read(&[], dir.path()).unwrap();
    let names: Vec<_> = read
        .iter()
        .map(|(name, _)| &name[name.len() - 6..])
        .collect();
    assert_eq!(names, ["a.cron", "b.cron", "c.cron"]);
    assert_eq!(read[2].1.problems[0].line, 2);
    assert!(files_of(&dir.path().join("missing")).is_err());
}

#[test]
fn the_crontab_that_comes_with_opsctl_is_a_good_one() {
    let text = include_str!("../../../../crontab/opsctl.cron");
    let crontab = schedule::parse(text, "crontab/opsctl.cron");
    assert_eq!(crontab.problems, []);
    let schedules: Vec<_> = crontab
        .entries
        .iter()
        .map(|e| e.schedule.as_str())
        .collect();
    assert_eq!(
        schedules,
        [
            "*/5 * * * *",
            "32 3 * * *",
            "47 3 * * *",
            "1-59/2 * * * *",
            "* * * * *",
            "12,42 * * * *"
        ]
    );
}
