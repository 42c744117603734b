//! `policy-keys`: the table of every key, made from the keys that the parser reads.

use crate::{Failure, Report};
use std::fmt::Write as _;
use tidegate_domain::policy::keys::{Key, Kind, all};

const BEGINS: &str = "<!-- policy-keys -->";
const ENDS: &str = "<!-- /policy-keys -->";

/// Every key as a Markdown table.
pub fn keys_table() -> String {
    let mut out = "| key | values | default | meaning |\n|---|---|---|---|\n".to_owned();
    for key in all() {
        let (path, values, default) = (path(key), values(key), key.default());
        let _ = writeln!(out, "| `{path}` | {values} | {default} | {} |", cell(key.meaning));
    }
    out
}

/// Compares with the table that stands in `readme` between the two marks.
///
/// # Errors
/// [`Failure::Undone`] when the marks are missing, or with the lines that differ.
pub fn check_keys(readme: &str) -> Result<Report, Failure> {
    let stands = readme.split_once(BEGINS).and_then(|(_, rest)| rest.split_once(ENDS));
    let Some((stands, _)) = stands else {
        return Err(Failure::Undone(format!("{BEGINS} and {ENDS} are not there")));
    };
    let differing = differing(stands.trim(), keys_table().trim());
    if differing.is_empty() {
        return Ok(Report::of("the table of policy keys is up to date\n"));
    }
    Err(Failure::Undone(format!(
        "the table of policy keys differs (-), it should have (+):\n{differing}replace what stands \
         between the marks by the output of: tidegate-ops policy-keys"
    )))
}

fn differing(stands: &str, wanted: &str) -> String {
    let missing = |line: &&str, text: &str| !text.lines().any(|other| other == *line);
    let gone = stands.lines().filter(|l| missing(l, wanted)).map(|l| format!("- {l}\n"));
    let new = wanted.lines().filter(|l| missing(l, stands)).map(|l| format!("+ {l}\n"));
    let lines: String = gone.chain(new).collect();
    if lines.is_empty() && stands != wanted {
        "(the order of the lines)\n".to_owned()
    } else {
        lines
    }
}

/// The key's path in the document.
fn path(key: &Key) -> String {
    match (key.section, key.section.strip_prefix("fleet")) {
        ("", _) => key.name.to_owned(),
        (_, Some(table)) => format!("fleets.NAME{table}.{}", key.name),
        (section, None) => format!("{section}.{}", key.name),
    }
}

fn values(key: &Key) -> String {
    match key.resolved() {
        Kind::Form { example, .. } | Kind::Text { example, .. } => format!("`{}`", cell(example)),
        Kind::Choice { words, .. } => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        _ => key.range(),
    }
}

/// Text that does not end a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readme(table: &str) -> String {
        format!("# Title\n\n{BEGINS}\n{table}\n{ENDS}\n\nMore.\n")
    }

    #[test]
    fn every_key_has_its_line() {
        let table = keys_table();
        assert_eq!(table.lines().count(), all().count() + 2);
        for line in [
            "| `version` | 1 to 1 | required | the document's format |",
            "| `fleets.NAME.day.starts` | `\"08:00\"` | required | local time",
            "| `fleets.NAME.spike.adjustment` | `change`, `percent`, `exact` | required |",
            "| `alarms` | `[alarms]` | none |",
            "| `alarms.group_wait_secs` | 0 to 3600 | 30 | seconds",
            "| `alarms.routes.match` | `{ severity = \"critical\" }` or `['alarm =~",
            "| `alarms.routes.group_wait_secs` | 0 to 3600 | the parent's | as in `alarms`",
            "| `alarms.inhibit.equal` | `[\"resource\"]` | [] |",
        ] {
            assert!(table.contains(line), "{line}\n{table}");
        }
    }

    #[test]
    fn a_readme_that_has_the_table_passes() {
        assert!(check_keys(&readme(&keys_table())).is_ok());
    }

    #[test]
    fn a_readme_that_differs_is_told_how() {
        let old = keys_table().replace("| 60 to 86400 | 600 |", "| 60 to 86400 | 900 |");
        let error = check_keys(&readme(&old)).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.code(), 1);
        assert!(text.contains("\n- | `fleets.NAME.lower.bake_secs` | 60 to 86400 | 900"), "{text}");
        assert!(text.contains("\n+ | `fleets.NAME.lower.bake_secs` | 60 to 86400 | 600"), "{text}");
        assert!(check_keys("# no marks").unwrap_err().to_string().contains(BEGINS));
    }
}
