//! The golden scenarios: every script's ledger is the expected one, byte for byte, twice over,
//! and no file stands alone.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be read fails the test")]

use simulator::scenario::{Answer, Disk, EXPECTED, SCRIPT, Scenario, answer};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

struct Files;

impl Disk for Files {
    fn read(&self, file: &Path) -> Result<String, String> {
        std::fs::read_to_string(file).map_err(|error| error.to_string())
    }

    fn folder(&self, path: &Path) -> Option<Vec<PathBuf>> {
        let found = std::fs::read_dir(path).ok()?;
        let mut files: Vec<PathBuf> = found.map(|file| file.unwrap().path()).collect();
        files.sort();
        Some(files)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios")
}

fn played() -> Answer {
    let args = Scenario { files: vec![folder()], update: false, diff: false, json: true };
    answer(&args, &Files).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Names of the files that end so.
fn names(end: &str) -> BTreeSet<String> {
    let files = Files.folder(&folder()).unwrap().into_iter();
    let meant = files.filter(|file| file.extension().is_some_and(|e| e == end));
    meant.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_ledger_is_as_expected() {
    let differences = played().report.differences;
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[test]
fn the_same_scripts_give_the_same_answer() {
    assert_eq!(played().report.text, played().report.text);
}

#[test]
fn no_script_is_without_its_ledger_and_no_ledger_without_its_script() {
    assert_eq!(names(SCRIPT), names(EXPECTED));
    assert!(names(SCRIPT).len() >= 14, "{:?}", names(SCRIPT));
}

#[test]
fn every_script_says_first_what_one_is_to_see() {
    for name in names(SCRIPT) {
        let text = Files.read(&folder().join(format!("{name}.{SCRIPT}"))).unwrap();
        let comment: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(comment.iter().any(|line| line.starts_with("# See: ")), "{name}");
    }
}
