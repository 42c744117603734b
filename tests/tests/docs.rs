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

/// The last column of each row, between backquotes.
fn named_tests(table: &str) -> Vec<String> {
    let rows = table.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| fault"));
    rows.filter_map(|row| row.split('|').rev().nth(1)?.split('`').nth(1).map(str::to_owned))
        .collect()
}

#[test]
fn every_test_that_the_failures_name_exists() {
    let names = named_tests(&read("docs/failures.md"));
    assert!(names.len() >= 35, "{}", names.len());
    for name in names {
        let (file, test) = name.split_once("::").unwrap_or(("failures", &name));
        let source = match file {
            "silent" => read("shared/adapters/src/tests/silent.rs"),
            file if root().join(format!("proofs/tests/{file}.rs")).exists() => {
                read(&format!("proofs/tests/{file}.rs"))
            }
            file => read(&format!("tests/tests/{file}.rs")),
        };
        assert!(source.contains(&format!("fn {test}()")), "{name} does not exist");
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
