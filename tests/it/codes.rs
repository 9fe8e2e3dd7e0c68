//! The codes on pictures, as a scanner reads them.

use std::path::PathBuf;
use std::process::Command;

/// What a scanner that tells the symbology sends of each picture.
pub fn scanned(pictures: &[PathBuf]) -> Vec<Vec<String>> {
    let reader = std::env::var("OPSCTL_TEST_CODE_READER").unwrap_or_else(|_| {
        panic!("OPSCTL_TEST_CODE_READER is not set: start the tests with tests/run.sh")
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/codes.py");
    let output = Command::new(reader)
        .arg(script)
        .args(pictures)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
