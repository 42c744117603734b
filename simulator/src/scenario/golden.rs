//! Comparing and writing anew.

use super::play::{Played, What, play};
use super::read::read;
use super::script::Script;
use super::{EXPECTED, SCRIPT, Scenario, told};
use crate::{Failure, Report};
use serde::Serialize;
use serde_json::{Value, json};
use similar::TextDiff;
use std::path::{Path, PathBuf};

/// The files, as the command needs them.
pub trait Disk {
    /// The text of a file; `-` is stdin.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn read(&self, file: &Path) -> Result<String, String>;

    /// The files of a folder by their paths, in order; none when it is no folder.
    fn folder(&self, path: &Path) -> Option<Vec<PathBuf>>;
}

/// What is to be done with the ledgers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Write them anew.
    pub update: bool,
    /// Show what changes.
    pub diff: bool,
    /// As JSON.
    pub json: bool,
}

/// The answer, and the files that are to be written.
#[derive(Debug, Default)]
pub struct Answer {
    /// For people.
    pub report: Report,
    /// Expected files with their new text.
    pub writes: Vec<(PathBuf, String)>,
}

/// Plays scripts and compares each with its expected ledger.
///
/// # Errors
/// [`Failure::Input`]: no script, or the faults of all scripts, each with file and line.
pub fn answer(args: &Scenario, disk: &dyn Disk) -> Result<Answer, Failure> {
    let options = Options { update: args.update, diff: args.diff, json: args.json };
    let files = scripts(&args.files, disk);
    if files.is_empty() {
        let what = format!("no file ends in .{SCRIPT}");
        return Err(Failure::Input(what));
    }
    let mut faults = Vec::new();
    let mut scenes = Vec::new();
    for file in files {
        match Scene::play(&file, disk) {
            Ok(scene) => scenes.push(scene),
            Err(found) => faults.extend(found),
        }
    }
    if !faults.is_empty() {
        return Err(Failure::Input(faults.join("\n")));
    }
    let mut answer = Answer::default();
    scenes.iter().for_each(|scene| scene.judge(options, &mut answer));
    if options.json {
        let all: Vec<Value> = scenes.iter().map(Scene::json).collect();
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        answer.report.text = text + "\n";
    }
    Ok(answer)
}

/// The scripts that are meant: of folders all, of files those whose name ends so.
fn scripts(named: &[PathBuf], disk: &dyn Disk) -> Vec<PathBuf> {
    let is_script = |file: &PathBuf| file.extension().is_some_and(|end| end == SCRIPT);
    let stdin = Path::new("-");
    let all = named.iter().flat_map(|path| {
        let folder = disk.folder(path);
        folder.unwrap_or_else(|| vec![path.clone()])
    });
    all.filter(|file| file == stdin || is_script(file)).collect()
}

/// One script, played.
struct Scene {
    name: String,
    file: PathBuf,
    /// What is expected; none: nothing yet. A script from stdin has no expectation at all.
    expected: Option<String>,
    played: Played,
    text: String,
}

impl Scene {
    fn play(file: &Path, disk: &dyn Disk) -> Result<Self, Vec<String>> {
        let shown = file.display();
        let text = disk.read(file).map_err(|why| vec![format!("{shown}: {why}")])?;
        let beside = |name: &str| disk.read(&file.with_file_name(name));
        let script = read(&text, &beside).map_err(|faults| {
            let told = faults.iter().map(|fault| match fault.line {
                0 => format!("{shown}: {}", fault.what),
                line => format!("{shown}:{line}: {}", fault.what),
            });
            told.collect::<Vec<_>>()
        })?;
        let played = play(&script).map_err(|why| vec![format!("{shown}: {why}")])?;
        Ok(Self::new(file, &script, played, disk))
    }

    fn new(file: &Path, script: &Script, played: Played, disk: &dyn Disk) -> Self {
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let text = told::text(&name, script, &played);
        let expected = disk.read(&file.with_extension(EXPECTED)).ok();
        Self { name, file: file.to_owned(), expected, played, text }
    }

    fn is_stdin(&self) -> bool {
        self.file == Path::new("-")
    }

    fn agrees(&self) -> bool {
        self.is_stdin() || self.expected.as_ref() == Some(&self.text)
    }

    fn judge(&self, options: Options, answer: &mut Answer) {
        let Answer { report, writes } = answer;
        let name = &self.name;
        for entry in &self.played.refused {
            let at = entry.at;
            report.differences.push(format!("{name}: refused at {at}: {}", entry.text));
        }
        if self.is_stdin() {
            report.text.push_str(&self.text);
        } else if self.agrees() {
            report.text.push_str(&format!("{name}: as expected\n"));
        } else if options.update && self.played.refused.is_empty() {
            report.text.push_str(&format!("{name}: {}\n", self.change()));
            if options.diff {
                report.text.push_str(&self.difference());
            }
            writes.push((self.file.with_extension(EXPECTED), self.text.clone()));
        } else if self.expected.is_none() {
            let what = format!("{name}: there is no {name}.{EXPECTED}; --update writes it");
            report.differences.push(what);
        } else {
            report.differences.push(self.difference().trim_end().to_owned());
        }
    }

    /// How the new text differs, in a word.
    fn change(&self) -> String {
        let Some(expected) = &self.expected else { return "written".to_owned() };
        let diff = TextDiff::from_lines(expected.as_str(), self.text.as_str());
        let of = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
        let (new, gone) = (of(similar::ChangeTag::Insert), of(similar::ChangeTag::Delete));
        format!("changed, {new} new lines, {gone} gone")
    }

    fn difference(&self) -> String {
        let expected = self.expected.as_deref().unwrap_or_default();
        let diff = TextDiff::from_lines(expected, self.text.as_str());
        let (file, name) = (self.file.with_extension(EXPECTED), &self.name);
        let header = (file.display().to_string(), format!("{name}, as it is now"));
        diff.unified_diff().context_radius(3).header(&header.0, &header.1).to_string()
    }

    fn json(&self) -> Value {
        json!({
            "scenario": self.name,
            "as_expected": self.agrees() && self.played.refused.is_empty(),
            "refused": self.played.refused,
            "ledger": self.all(|what| match what {
                What::Decided(entry, _) => Some(&**entry),
                _ => None,
            }),
            "notices": self.all(|what| match what {
                What::Told(notice) => Some(notice),
                _ => None,
            }),
            "sums": self.played.sums,
        })
    }

    fn all<'a, T: Serialize + 'a>(&'a self, pick: impl Fn(&'a What) -> Option<&'a T>) -> Value {
        let found: Vec<Value> = self
            .played
            .lines
            .iter()
            .filter_map(|line| {
                let value = serde_json::to_value(pick(&line.what)?).ok()?;
                Some(json!({ "at": line.at, "is": value }))
            })
            .collect();
        Value::Array(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::play::play_planned_by;
    use tidegate_domain::decide::{Action, Decision, Inputs, decide};

    struct Nothing;

    impl Disk for Nothing {
        fn read(&self, _: &Path) -> Result<String, String> {
            Err("no file".to_owned())
        }

        fn folder(&self, _: &Path) -> Option<Vec<PathBuf>> {
            None
        }
    }

    /// Takes everything down at once.
    fn reckless(i: &Inputs<'_>) -> Decision {
        Decision { action: Action::Lower { min: 0, desired: Some(0) }, ..decide(i) }
    }

    #[test]
    fn a_decision_that_the_invariants_refuse_fails_its_script_and_is_not_written() {
        let script = read(crate::scenario::tests::SCRIPT, &|name| Err(name.to_owned())).unwrap();
        let played = play_planned_by(&reckless, &script).unwrap();
        let runs = usize::try_from(played.sums.runs).unwrap();
        assert_eq!(played.refused.len(), runs, "every run was refused");
        let scene = Scene::new(Path::new("night.scenario"), &script, played, &Nothing);
        let mut answer = Answer::default();
        scene.judge(Options { update: true, ..Options::default() }, &mut answer);
        assert!(answer.writes.is_empty());
        assert_eq!(answer.report.code(), 1);
        assert!(answer.report.differences[0].starts_with("night: refused at "), "{answer:?}");
    }
}
