//! Reads a TOML table key by key, collects every fault with its path, and refuses
//! what nobody asked for.

use super::keys::{self, Kind};
use std::collections::BTreeSet;
use std::fmt::Display;
use toml::{Table, Value};

/// Faults found so far, each as `path: what is wrong`.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    /// Adds a fault at a path.
    pub fn add(&mut self, path: &str, what: impl Display) {
        self.0.push(format!("{path}: {what}"));
    }
}

/// One table of the document under its path.
pub struct Reader<'a> {
    section: &'static str,
    path: String,
    table: &'a Table,
}

impl<'a> Reader<'a> {
    /// Opens a table and refuses its unknown keys.
    pub fn open(section: &'static str, path: &str, table: &'a Table, faults: &mut Faults) -> Self {
        let known: BTreeSet<&str> =
            keys::all().filter(|k| k.section == section).map(|k| k.name).collect();
        let reader = Self { section, path: path.to_owned(), table };
        for key in table.keys().filter(|k| !known.contains(k.as_str())) {
            let names: Vec<&str> = known.iter().copied().collect();
            faults.add(&reader.at(key), format!("unknown key; known: {}", names.join(", ")));
        }
        reader
    }

    /// Whether the key stands there.
    pub fn has(&self, key: &'static str) -> bool {
        self.table.contains_key(key)
    }

    /// The path of a key.
    pub fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The raw value; a missing key that has no default is a fault.
    pub fn value(&self, key: &'static str, faults: &mut Faults) -> Option<&'a Value> {
        let found = self.table.get(key);
        if found.is_none() && self.is_required(key) {
            faults.add(&self.at(key), "missing");
        }
        found
    }

    /// A whole number in the range of its key.
    pub fn whole(&self, key: &'static str, faults: &mut Faults) -> u32 {
        let (min, max, default) = match self.kind(key) {
            Some(Kind::Whole { min, max, default }) => (min, max, default),
            _ => (0, 0, None),
        };
        let Some(value) = self.value(key, faults) else { return default.unwrap_or(min) };
        match value.as_integer().and_then(|n| u32::try_from(n).ok()) {
            Some(n) if (min..=max).contains(&n) => n,
            _ => {
                faults
                    .add(&self.at(key), format!("a whole number from {min} to {max}, got {value}"));
                min
            }
        }
    }

    /// A number in the range of its key.
    pub fn number(&self, key: &'static str, faults: &mut Faults) -> f64 {
        let (min, max, default) = match self.kind(key) {
            Some(Kind::Number { min, max, default }) => (min, max, default),
            _ => (0.0, 0.0, None),
        };
        let Some(value) = self.value(key, faults) else { return default.unwrap_or(min) };
        #[expect(clippy::cast_precision_loss, reason = "sizes and rates are far below 2^52")]
        let number = value.as_float().or_else(|| value.as_integer().map(|n| n as f64));
        match number {
            Some(n) if n >= min && n <= max => n,
            _ => {
                faults.add(&self.at(key), format!("a number from {min} to {max}, got {value}"));
                min
            }
        }
    }

    /// A flag, false unless given.
    pub fn flag(&self, key: &'static str, faults: &mut Faults) -> bool {
        match self.value(key, faults) {
            None => false,
            Some(Value::Boolean(flag)) => *flag,
            Some(other) => {
                faults.add(&self.at(key), format!("true or false, got {other}"));
                false
            }
        }
    }

    /// One of the words of its key.
    pub fn choice(&self, key: &'static str, faults: &mut Faults) -> &'static str {
        let words = match self.kind(key) {
            Some(Kind::Choice { words, .. }) => words,
            _ => &[],
        };
        let first = words.first().copied().unwrap_or("");
        let Some(value) = self.value(key, faults) else { return first };
        let word = value.as_str().and_then(|got| words.iter().find(|w| **w == got));
        word.copied().unwrap_or_else(|| {
            faults.add(&self.at(key), format!("one of {}, got {value}", words.join(", ")));
            first
        })
    }

    /// The default of a text, as its key has it.
    pub fn default_text(&self, key: &'static str) -> &'static str {
        match self.kind(key) {
            Some(Kind::Text { default, .. }) => default,
            _ => "",
        }
    }

    /// Text that `parse` understands.
    pub fn parsed<T, E: Display>(
        &self,
        key: &'static str,
        faults: &mut Faults,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.value(key, faults)?;
        parsed(&self.at(key), value, faults, parse)
    }

    /// A list of texts that `parse` understands; empty when absent.
    pub fn list<T, E: Display>(
        &self,
        key: &'static str,
        faults: &mut Faults,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let items = self.array(key, faults);
        let path = self.at(key);
        items
            .iter()
            .enumerate()
            .filter_map(|(n, v)| parsed(&format!("{path}[{n}]"), v, faults, &parse))
            .collect()
    }

    /// An array; empty when absent.
    pub fn array(&self, key: &'static str, faults: &mut Faults) -> &'a [Value] {
        match self.value(key, faults) {
            None => &[],
            Some(Value::Array(items)) => items,
            Some(other) => {
                faults.add(&self.at(key), format!("a list, got {other}"));
                &[]
            }
        }
    }

    /// A table under its key.
    pub fn table(&self, key: &'static str, faults: &mut Faults) -> Option<&'a Table> {
        match self.value(key, faults)? {
            Value::Table(table) => Some(table),
            other => {
                faults.add(&self.at(key), format!("a table, got {other}"));
                None
            }
        }
    }

    fn kind(&self, name: &str) -> Option<Kind> {
        keys::find(self.section, name).map(keys::Key::resolved)
    }

    fn is_required(&self, name: &str) -> bool {
        matches!(
            self.kind(name),
            None | Some(
                Kind::Whole { default: None, .. }
                    | Kind::Number { default: None, .. }
                    | Kind::Choice { defaulted: false, .. }
                    | Kind::Form { optional: false, .. }
            )
        )
    }
}

/// Text at a path that `parse` understands.
pub fn parsed<T, E: Display>(
    path: &str,
    value: &Value,
    faults: &mut Faults,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<T> {
    let Some(text) = value.as_str() else {
        faults.add(path, format!("text, got {value}"));
        return None;
    };
    parse(text).map_err(|error| faults.add(path, error)).ok()
}
