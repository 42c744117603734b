//! The committed corpus holds, and so do some thousand mutations of it; every target has its
//! file and its corpus; a fault in what a law judges is caught by the corpus.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod planted;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tidegate_fuzzing::TARGETS;

/// Mutations of each target's corpus; the slow ones serve what they decode, or write
/// hundreds of names.
const QUICK: u64 = 6_000;
const SLOW: u64 = 1_000;
const SERVING: [&str; 7] =
    ["alarm_message", "event", "event_fields", "memory", "policy", "series", "tags"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every file below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn corpus(target: &str) -> Vec<PathBuf> {
    let mut found = files(&root().join("fuzz/corpus").join(target));
    match target {
        "event" => found.extend(files(&root().join("events"))),
        "session_stream" => found.extend(files(&root().join("events/session-sync"))),
        "alarm_intake" => found.extend(files(&root().join("events/alarm-router"))),
        _ => {}
    }
    found
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("fuzz").join(folder)).unwrap();
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries.map(|entry| stem(entry.unwrap().path())).collect()
}

#[test]
fn every_target_has_its_file_and_its_corpus() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|t| t.name.to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len());
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
    assert!(names("dictionaries").is_subset(&targets));
    for file in files(&root().join("fuzz/dictionaries")) {
        // libFuzzer reads no other.
        assert!(std::fs::read(&file).unwrap().is_ascii(), "{}", file.display());
    }
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for name in &targets {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not built");
        assert!(corpus(name).len() >= 10, "{name} has hardly a corpus");
        let source = root().join(format!("fuzz/fuzz_targets/{name}.rs"));
        let source = std::fs::read_to_string(source).unwrap();
        assert!(source.contains(&format!("::{name}(data)")), "{name} runs another law");
    }
    let whole = files(&root().join("fuzz/corpus"));
    let bytes: u64 = whole.iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!(bytes < 1_000_000, "the corpus has {bytes} bytes");
}

#[test]
fn the_corpus_holds() {
    for target in TARGETS {
        for file in corpus(target.name) {
            let data = std::fs::read(&file).unwrap();
            let held = catch_unwind(|| (target.body)(&data));
            assert!(held.is_ok(), "{}: {}", target.name, file.display());
        }
    }
}

#[test]
fn mutations_of_the_corpus_hold() {
    for target in TARGETS {
        let inputs: Vec<Vec<u8>> =
            corpus(target.name).iter().map(|file| std::fs::read(file).unwrap()).collect();
        let count = if SERVING.contains(&target.name) { SLOW } else { QUICK };
        for seed in 0..count {
            let data = Mutator(seed).mutate(&inputs);
            let held = catch_unwind(|| (target.body)(&data));
            let shown = String::from_utf8_lossy(&data);
            assert!(held.is_ok(), "{}, seed {seed}: {shown:?}", target.name);
        }
    }
}

#[test]
fn a_planted_fault_is_caught_by_the_corpus() {
    for (fault, target, body) in planted::FAULTS {
        let caught = corpus(target).iter().any(|file| {
            let data = std::fs::read(file).unwrap();
            catch_unwind(AssertUnwindSafe(|| body(&data))).is_err()
        });
        assert!(caught, "{target} holds in spite of {fault}");
    }
}

/// Pieces that mutations put in: edges of numbers, of times, of characters.
const EDGES: [&[u8]; 16] = [
    b"\x1f",
    b"\"",
    b"\\",
    b"\n",
    b"0",
    b"-1",
    b"4294967296",
    b"1e309",
    b"null",
    b"9999-12-30T22:00:00Z",
    b"-009999-01-02T01:59:59Z",
    b"\xe2\x80\xae",
    b"\xc2\x85",
    b"\xff",
    b"{}",
    b"\xed\x95\x9c",
];

/// Changes an input a little; the same seed makes the same change on every machine.
struct Mutator(u64);

impl Mutator {
    /// `SplitMix64`, below `bound`. <https://doi.org/10.1145/2714064.2660195>
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn mutate(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut data = inputs.get(self.below(inputs.len())).unwrap().clone();
        for _ in 0..=self.below(4) {
            let at = self.below(data.len() + 1);
            let end = (at + self.below(12)).min(data.len());
            match self.below(6) {
                0 => drop(data.drain(at..end)),
                1 => drop(data.splice(at..end, EDGES.get(self.below(16)).unwrap().to_vec())),
                2 => data.insert(at, u8::try_from(self.below(256)).unwrap()),
                3 => data.extend_from_within(at..end),
                4 => data.truncate(end),
                _ => {
                    let other = inputs.get(self.below(inputs.len())).unwrap();
                    let from = self.below(other.len() + 1);
                    let piece = other.iter().skip(from).take(self.below(60)).copied();
                    drop(data.splice(at..end, piece.collect::<Vec<u8>>()));
                }
            }
        }
        data
    }
}
