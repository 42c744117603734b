//! The documents tell the truth where a machine can check it: tests that are named
//! exist, links lead somewhere, keys of the policy are the parser's.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The rows of the table under a heading, as their cells.
fn rows(document: &str, heading: &str) -> Vec<Vec<String>> {
    let part = document.split("\n## ").find(|part| part.starts_with(heading)).unwrap();
    let lines = part.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines.map(|line| line.trim_matches('|').split(" | ").map(str::to_owned).collect()).collect()
}

/// What stands between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Every Rust file that may have tests, as `shared/domain/src/load.rs`.
fn sources() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["functions", "ops", "proofs", "shared", "simulator", "tests"]
        .iter()
        .map(|f| root().join(f))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let path = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push(path);
            }
        }
    }
    found
}

/// Whether a name means something that is there: `module::test`, `tool.py::check`, or
/// `file: text`.
fn exists(name: &str, sources: &[String]) -> bool {
    if let Some((file, text)) = name.split_once(": ") {
        return read(file).contains(text);
    }
    let Some((place, function)) = name.rsplit_once("::") else { return false };
    if place.contains(".py") {
        return read(place).contains(&format!("\ndef {function}("));
    }
    let module = format!("/{}", place.replace("::", "/"));
    let is_place = |source: &&String| {
        let path = format!("/{}", source.trim_end_matches(".rs").trim_end_matches("/mod"));
        path.trim_end_matches("/tests").ends_with(&module)
    };
    sources.iter().filter(is_place).any(|source| has_test(&read(source), function))
}

/// Whether a source has this function, with a test's attribute on the line before it.
fn has_test(source: &str, function: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let heads = ["fn ", "async fn "].map(|head| format!("{head}{function}("));
    lines.iter().zip(lines.iter().skip(1)).any(|(attribute, line)| {
        let is_test = attribute.starts_with("#[") && attribute.contains("test");
        is_test && heads.iter().any(|head| line.starts_with(head.as_str()))
    })
}

#[test]
fn every_fault_names_what_shows_it_and_that_exists() {
    let (document, sources) = (read("docs/failures.md"), sources());
    let mut named = 0;
    let mut later = 0;
    // The design's list of faults has this many rows; those of the other tables are ours.
    for (heading, count) in [("Faults", 28), ("Also", 10), ("Threats", 8)] {
        let rows = rows(&document, heading);
        assert_eq!(rows.len(), count, "{heading}");
        for row in rows {
            assert_eq!(row.len(), 3, "{row:?}");
            let shown = row.last().unwrap();
            let names = quoted(shown);
            if names.is_empty() {
                let issue = shown.trim().strip_prefix("later: issue ");
                assert!(issue.is_some_and(|n| n.parse::<u32>().is_ok()), "{row:?} shows nothing");
                later += 1;
            }
            for name in names {
                assert!(exists(name, &sources), "{name} does not exist");
                named += 1;
            }
        }
    }
    for name in quoted(document.split("\n## ").next().unwrap()) {
        let example = ["tests/tests/docs.rs", "file::test", "module::test", "tool.py::check"];
        let skipped = example.contains(&name) || name.starts_with("file: ");
        assert!(skipped || exists(name, &sources), "{name} does not exist");
    }
    println!("{named} names exist, {later} rows are for later issues");
    assert!(named >= 105 && later == 0, "{named} named, {later} later");
}

#[test]
fn a_name_that_does_not_exist_is_noticed() {
    let sources = sources();
    for (name, there) in [
        ("failures::veto_alarms", true),
        ("load::unknown_load_is_named", true),
        ("policy::all_faults_come_at_once", true),
        ("tests/tests/failures::veto_alarms", true),
        ("tools/check_template.py::roles_are_narrow", true),
        ("failures::veto_alarm", false),
        ("stories::veto_alarms", false),
        ("load::series", false),
        ("veto_alarms", false),
        ("tools/check_template.py::roles_are_wide", false),
        ("Cargo.toml: unsafe_code = \"allow\"", false),
    ] {
        assert_eq!(exists(name, &sources), there, "{name}");
    }
}

#[test]
fn links_between_our_documents_lead_somewhere() {
    let mut documents: Vec<PathBuf> = ["README.md", "README.ko.md", "CONTRIBUTING.md"]
        .iter()
        .map(|name| root().join(name))
        .filter(|path| path.exists())
        .collect();
    for folder in ["docs", "docs/decisions"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        documents.extend(entries.map(|e| e.unwrap().path()));
    }
    for document in documents.iter().filter(|d| d.extension().is_some_and(|e| e == "md")) {
        let text = std::fs::read_to_string(document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path = document.parent().unwrap_or(Path::new(".")).join(target);
            assert!(path.exists(), "{}: {link}", document.display());
        }
    }
}
