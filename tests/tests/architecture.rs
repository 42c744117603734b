//! The architecture, held by machines: who may import whom, how long a file may be,
//! what a deployable function must not have.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const FUNCTIONS: [&str; 5] =
    ["nightly-scale-down", "daytime-scale-up", "spike-step-scaler", "alarm-router", "session-sync"];

/// Crate -> what of the watched crates it may depend on (normal dependencies).
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    let function: &[&str] = &["tidegate-domain", "tidegate-adapters", "lambda_runtime"];
    let mut table: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("tidegate-domain", [].as_slice()),
        ("tidegate-fakes", ["tidegate-domain"].as_slice()),
        ("tidegate-wire", ["tidegate-domain"].as_slice()),
        ("tidegate-adapters", ["tidegate-domain", "tidegate-wire", "aws"].as_slice()),
        ("tidegate-cache", ["tidegate-domain", "redis"].as_slice()),
        (
            "tidegate-sessions",
            ["tidegate-domain", "tidegate-wire", "tidegate-adapters", "tidegate-cache"].as_slice(),
        ),
        ("tidegate-ops", ["tidegate-domain", "tidegate-adapters"].as_slice()),
        ("simulator", ["tidegate-domain", "tidegate-wire", "tidegate-fakes"].as_slice()),
    ]);
    table.extend(FUNCTIONS.map(|name| (name, function)));
    // The workload is an application like any other: it knows the store, and where secrets are.
    table.insert("aira", &["tidegate-sessions", "tidegate-adapters", "aws"]);
    // Who scales or tells people has no way to the cache, and is not built with its client.
    table.insert("session-sync", &["tidegate-sessions", "lambda_runtime"]);
    table
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap()
}

/// The family of a dependency that the table watches.
fn watched(name: &str) -> Option<&str> {
    match name {
        n if n.starts_with("aws-") => Some("aws"),
        n if n.contains("redis") || n.contains("valkey") || n == "fred" => Some("redis"),
        n if n.starts_with("tidegate-")
            || n == "simulator"
            || FUNCTIONS.contains(&n)
            || n == "lambda_runtime" =>
        {
            Some(n)
        }
        _ => None,
    }
}

#[test]
fn nobody_imports_whom_they_may_not() {
    let allowed = allowed();
    let mut seen = BTreeSet::new();
    for package in metadata().packages {
        let Some(may) = allowed.get(package.name.as_str()) else { continue };
        seen.insert(package.name.to_string());
        let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
        for family in normal.filter_map(|d| watched(&d.name)) {
            assert!(may.contains(&family), "{} imports {family}", package.name);
        }
    }
    assert_eq!(seen.len(), allowed.len(), "a crate of the table is gone: {seen:?}");
}

#[test]
fn each_function_is_exactly_one_binary_and_its_main_is_short() {
    for package in metadata().packages.iter().filter(|p| FUNCTIONS.contains(&p.name.as_str())) {
        let bins: Vec<_> = package.targets.iter().filter(|t| t.is_bin()).collect();
        assert_eq!(bins.len(), 1, "{}", package.name);
        assert_eq!(bins[0].name, package.name.as_str());
        let main = std::fs::read_to_string(&bins[0].src_path).unwrap();
        assert!(main.lines().count() <= 30, "{}", package.name);
    }
}

/// The story's clock moves decisions: what is deployed for real must not have it.
#[test]
fn deployable_functions_have_no_story_clock() {
    for package in metadata().packages.iter().filter(|p| FUNCTIONS.contains(&p.name.as_str())) {
        assert!(package.features.contains_key("story"), "the demo needs the feature");
        let default = package.features.get("default").cloned().unwrap_or_default();
        assert!(default.is_empty(), "{} has default features {default:?}", package.name);
    }
    const { assert!(!tidegate_adapters::HAS_STORY) };
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    assert!(!template.contains("story"), "the template must not ask for the story's clock");
}

#[test]
fn no_file_of_ours_is_longer_than_400_lines_without_tests() {
    let mut files = Vec::new();
    let code = ["functions", "shared", "ops", "simulator", "tests/src", "workload"];
    for folder in code.into_iter().chain(["tools", "template.yaml", "infra"]) {
        collect(&root().join(folder), &mut files);
    }
    assert!(files.len() > 50, "{}", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = code.lines().count();
        assert!(lines <= 400, "{}: {lines} lines", file.display());
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            let entry = entry.unwrap().path();
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            if !name.starts_with('.') && name != "requirements" && name != "target" {
                collect(&entry, files);
            }
        }
    } else if path.extension().is_some_and(|e| ["rs", "py", "yaml", "sh"].iter().any(|k| e == *k)) {
        files.push(path.to_owned());
    }
}

/// House rule 9: a file opens with what it is.
#[test]
fn every_file_opens_with_what_it_is() {
    let mut files = Vec::new();
    for folder in ["functions", "shared", "ops/src", "simulator", "tests", "workload"] {
        collect(&root().join(folder), &mut files);
    }
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.starts_with("//! "), "{} does not say what it is", file.display());
    }
}
