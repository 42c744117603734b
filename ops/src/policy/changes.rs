//! What differs between two policy documents, key by key.

use super::alarms;
use std::collections::BTreeMap;
use tidegate_domain::alarms::policy::AlarmPolicy;
use toml::{Table, Value};

/// The key by which tables of a list are told apart (`[[fleets.NAME.spike]]`).
const NAME_OF_A_TABLE: &str = "alarm";

/// A line for each key that differs, by path: `+` new, `-` gone, `~` changed. Empty when
/// only comments, order or layout differ; none when a document is not TOML.
pub fn changes(old: &str, new: &str) -> Option<Vec<String>> {
    let (mut before, mut after): (Table, Table) = (old.parse().ok()?, new.parse().ok()?);
    let router = match (AlarmPolicy::parse(old), AlarmPolicy::parse(new)) {
        (Ok(old), Ok(new)) => {
            without_tree(&mut before);
            without_tree(&mut after);
            alarms::changes(&old, &new)
        }
        _ => Vec::new(),
    };
    let (old, new) = (leaves(&before), leaves(&after));
    let gone = old.iter().filter(|(path, _)| !new.contains_key(*path));
    let mut lines: Vec<(&String, String)> =
        gone.map(|(path, value)| (path, format!("- {path} = {value}"))).collect();
    for (path, value) in &new {
        match old.get(path) {
            None => lines.push((path, format!("+ {path} = {value}"))),
            Some(before) if before != value => {
                lines.push((path, format!("~ {path}: {before} -> {value}")));
            }
            Some(_) => {}
        }
    }
    lines.sort();
    Some(lines.into_iter().map(|(_, line)| line).chain(router).collect())
}

/// Takes out what is compared by its meaning: a route is known by its matchers, not by its place.
fn without_tree(document: &mut Table) {
    if let Some(Value::Table(alarms)) = document.get_mut("alarms") {
        alarms.remove("routes");
        alarms.remove("inhibit");
    }
}

/// Every value that is not a table, by its path.
fn leaves(table: &Table) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    walk("", table, &mut found);
    found
}

fn walk(path: &str, table: &Table, found: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (value, named(value)) {
            (Value::Table(table), _) => walk(&path, table, found),
            (_, Some(tables)) => {
                tables.iter().for_each(|(n, t)| walk(&format!("{path}[{n}]"), t, found));
            }
            (value, None) => {
                found.insert(path, value.to_string());
            }
        }
    }
}

/// The tables of a list by their names, if all have one of their own.
fn named(value: &Value) -> Option<BTreeMap<&str, &Table>> {
    let list = value.as_array()?;
    let tables: BTreeMap<&str, &Table> = list.iter().map(with_name).collect::<Option<_>>()?;
    (!list.is_empty() && tables.len() == list.len()).then_some(tables)
}

fn with_name(value: &Value) -> Option<(&str, &Table)> {
    Some((value.get(NAME_OF_A_TABLE)?.as_str()?, value.as_table()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"
        version = 1
        [fleets.a]
        min = 2
        day = { floor = 6 }
        [[fleets.a.spike]]
        alarm = "cpu"
        warmup_secs = 180
        [[fleets.a.spike]]
        alarm = "requests"
        warmup_secs = 60
        [fleets.b]
        min = 1
    "#;

    #[test]
    fn each_key_that_differs_has_a_line() {
        let new = r#"
            version = 1
            [fleets.a]
            day = { floor = 8 }   # busier
            min = 2
            [[fleets.a.spike]]
            alarm = "requests"
            warmup_secs = 90
            steps = [{ from = 0, add = 10 }]
        "#;
        let expected = [
            "~ fleets.a.day.floor: 6 -> 8",
            "- fleets.a.spike[cpu].alarm = \"cpu\"",
            "- fleets.a.spike[cpu].warmup_secs = 180",
            "+ fleets.a.spike[requests].steps = [{ add = 10, from = 0 }]",
            "~ fleets.a.spike[requests].warmup_secs: 60 -> 90",
            "- fleets.b.min = 1",
        ];
        assert_eq!(changes(OLD, new).unwrap(), expected);
    }

    #[test]
    fn routes_are_compared_by_their_matchers() {
        let old = "[alarms]\n[[alarms.routes]]\nmatch = { fleet = 'a' }\ntopic = 'a'\n";
        let new = "[alarms]\ngroup_wait_secs = 5\n[[alarms.routes]]\nmatch = ['fleet = a']\n";
        let expected = [
            "+ alarms.group_wait_secs = 5",
            "~ alarms.routes {}/{fleet=\"a\"}: topic a -> the parent's",
        ];
        assert_eq!(changes(old, new).unwrap(), expected);
        let broken = new.replace("fleet = a", "fleet a");
        let lines = changes(old, &broken).unwrap();
        assert!(lines.iter().any(|line| line.contains("alarms.routes:")), "{lines:?}");
    }

    #[test]
    fn comments_and_layout_are_no_change() {
        let new = OLD.replace("day = { floor = 6 }", "day.floor = 6 # six");
        assert_eq!(changes(OLD, &new), Some(Vec::new()));
        assert_eq!(changes("version = [", OLD), None);
    }

    #[test]
    fn tables_of_one_name_are_compared_as_a_list() {
        let twice = "[[s]]\nalarm = \"x\"\n[[s]]\nalarm = \"x\"";
        let lines = changes("", twice).unwrap();
        assert_eq!(lines.len(), 1, "{lines:?}");
    }
}
