//! The policy document: what the operator wants, typed and validated.
//!
//! What must stay true: a [`Policy`] that exists is sound; a document that is not
//! yields every fault at once, each with its path; unknown keys are refused.

mod fleet;
pub mod keys;
pub(crate) mod reader;
mod sizing;

pub use fleet::{FleetPolicy, LoadPolicy, LowerPolicy, NightPolicy, SpikePolicy};
pub use sizing::{SizingMode, SizingPolicy};

use crate::ids::FleetName;
use reader::{Faults, Reader};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The format that this code understands.
pub const FORMAT: u32 = 1;

/// A valid policy document.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Decide and report, never act.
    pub dry_run: bool,
    /// The fleets, by name.
    pub fleets: BTreeMap<FleetName, FleetPolicy>,
}

/// What is wrong with a policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy document has {} fault(s):\n  {}", .0.len(), .0.join("\n  "))]
pub struct PolicyFaults(pub Vec<String>);

impl Policy {
    /// Parses and checks a TOML document.
    ///
    /// # Errors
    /// Every fault at once: syntax (alone, since nothing else can be read then), unknown
    /// or missing keys, wrong types and ranges, contradictions between keys.
    pub fn parse(document: &str) -> Result<Self, PolicyFaults> {
        let table: Table = document
            .parse()
            .map_err(|error: toml::de::Error| PolicyFaults(vec![error.to_string()]))?;
        let mut faults = Faults::default();
        let root = Reader::open("", "", &table, &mut faults);
        root.whole("version", &mut faults);
        let dry_run = root.flag("dry_run", &mut faults);
        if let Some(alarms) = table.get("alarms").filter(|v| !v.is_table()) {
            faults.add("alarms", format!("a table, got {alarms}"));
        }
        let fleets = read_fleets(&root, &mut faults);
        if faults.0.is_empty() { Ok(Self { dry_run, fleets }) } else { Err(PolicyFaults(faults.0)) }
    }
}

fn read_fleets(root: &Reader<'_>, faults: &mut Faults) -> BTreeMap<FleetName, FleetPolicy> {
    let Some(tables) = root.table("fleets", faults) else { return BTreeMap::new() };
    if tables.is_empty() {
        faults.add("fleets", "at least one fleet is needed");
    }
    tables.iter().filter_map(|(name, value)| read_fleet(name, value, faults)).collect()
}

fn read_fleet(name: &str, value: &Value, faults: &mut Faults) -> Option<(FleetName, FleetPolicy)> {
    let path = format!("fleets.{name}");
    let name = FleetName::new(name).map_err(|error| faults.add(&path, error)).ok()?;
    let Value::Table(table) = value else {
        faults.add(&path, format!("a table, got {value}"));
        return None;
    };
    Some((name, fleet::read(&path, table, faults)?))
}

#[cfg(test)]
mod tests;
