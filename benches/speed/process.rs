//! The real binary, timed and weighed as a process.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a process took from its start to its end, and how it ended.
pub fn time(mut command: Command) -> (Duration, Option<i32>) {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = command.status().unwrap();
    (started.elapsed(), status.code())
}

/// The most memory a process ever had, in MB: its high-water mark (VmHWM), read every
/// millisecond until it ends.
pub fn peak_memory_mb(mut command: Command) -> f64 {
    command.stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let path = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    let status = loop {
        if let Ok(text) = std::fs::read_to_string(&path) {
            let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
            let kb = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok());
            peak_kb = peak_kb.max(kb.unwrap_or(0_u64));
        }
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(status.success(), "{status}");
    peak_kb as f64 / 1000.0
}
