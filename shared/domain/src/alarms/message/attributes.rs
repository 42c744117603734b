//! What subscriptions filter by.

use super::facts::{Facts, SEVERAL, Stage, one_of, shown};
use crate::alarms::group::GroupId;
use std::collections::BTreeMap;

fn attributes<const N: usize>(all: [(&str, String); N]) -> BTreeMap<String, String> {
    all.into_iter().map(|(name, value)| (name.to_owned(), shown(&value))).collect()
}

/// The attributes of a group's message.
pub(super) fn of_group(facts: &Facts<'_>) -> BTreeMap<String, String> {
    attributes([
        ("severity", facts.severity.clone()),
        ("fleet", facts.fleet.clone()),
        ("region", facts.region.clone()),
        ("service", facts.service.clone()),
        ("state", facts.stage.word().to_owned()),
        ("group", GroupId::of(&facts.bulletin.key).to_string()),
    ])
}

/// The attributes of a message about many groups: critical when one of them is.
pub(super) fn of_many(all: &[Facts<'_>]) -> BTreeMap<String, String> {
    let critical = all.iter().any(|f| f.severity == "critical");
    let severity = all.first().map(|f| f.severity.clone()).unwrap_or_default();
    let stage = all.iter().map(|f| f.stage).min().unwrap_or(Stage::Firing);
    let group = match all {
        [one] => GroupId::of(&one.bulletin.key).to_string(),
        _ => SEVERAL.to_owned(),
    };
    attributes([
        ("severity", if critical { "critical".to_owned() } else { severity }),
        ("fleet", one_of(all.iter().map(|f| f.fleet.as_str()))),
        ("region", one_of(all.iter().map(|f| f.region.as_str()))),
        ("service", one_of(all.iter().map(|f| f.service.as_str()))),
        ("state", stage.word().to_owned()),
        ("group", group),
    ])
}
