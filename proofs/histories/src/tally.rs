//! How often each reason was reached.

use std::collections::BTreeMap;
use std::fmt;
use tidegate_domain::reason::Reason;

/// The source of every reason's name: a new one cannot be forgotten.
const SOURCE: &str = include_str!("../../../shared/domain/src/reason.rs");

/// Counts by reason code.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally(BTreeMap<String, u64>);

impl Tally {
    /// Counts a reason.
    pub fn count(&mut self, reason: &Reason) {
        self.add(reason.code(), 1);
    }

    /// Counts a code.
    pub fn add(&mut self, code: String, times: u64) {
        *self.0.entry(code).or_insert(0) += times;
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Self) {
        for (code, times) in &other.0 {
            self.add(code.clone(), *times);
        }
    }

    /// How often this code was counted.
    pub fn of(&self, code: &str) -> u64 {
        self.0.get(code).copied().unwrap_or(0)
    }

    /// The reasons that were counted fewer times than this, with their counts.
    pub fn below(&self, least: u64) -> Vec<(String, u64)> {
        let all = codes().into_iter().map(|code| (self.of(&code), code));
        all.filter(|(times, _)| *times < least).map(|(times, code)| (code, times)).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<String> = self.0.iter().map(|(code, n)| format!("{code} {n}")).collect();
        f.write_str(&each.join(", "))
    }
}

/// The code of every reason that there is, read from the source of [`Reason`].
pub fn codes() -> Vec<String> {
    let body = SOURCE.split("pub enum Reason {").nth(1).unwrap_or_default();
    let body = body.split("\n}").next().unwrap_or_default();
    let lines = body.lines().map(str::trim);
    let names = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    names.map(|line| snake(line.split([' ', ',']).next().unwrap_or_default())).collect()
}

fn snake(name: &str) -> String {
    let mut code = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !code.is_empty() {
            code.push('_');
        }
        code.push(c.to_ascii_lowercase());
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_has_its_code() {
        let codes = codes();
        assert!(codes.len() >= 50, "{codes:?}");
        for reason in [Reason::NeedEvidence, Reason::AtFloor { floor: 1 }, Reason::OutOfTime] {
            assert!(codes.contains(&reason.code()), "{reason:?}");
        }
    }
}
