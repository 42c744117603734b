//! What a message says, read from its text as a person would.

use std::collections::{BTreeMap, BTreeSet};

/// The counts of a message's first line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Firing.
    pub firing: u32,
    /// Of these critical.
    pub critical: u32,
    /// Of these new.
    pub new: u32,
    /// Flapping.
    pub flapping: u32,
    /// Over.
    pub resolved: u32,
    /// Held back by another alarm.
    pub explained: u32,
}

/// As what an alarm stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// Firing, and people did not know.
    New,
    /// Firing, and known before (or named in a digest, which does not say).
    Known,
    /// Flapping.
    Flapping,
    /// Over.
    Resolved,
}

/// Everything that a text says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Its counts.
    pub counts: Counted,
    /// Alarms by name.
    pub alarms: BTreeMap<String, Word>,
}

/// Reads a text. `names` are those that may stand in it.
pub fn read<'a>(text: &str, names: impl Fn(&str) -> Option<&'a str>) -> Said {
    let mut said = Said { counts: counts(text), ..Said::default() };
    let is_end = said.counts.firing == 0 && said.counts.flapping == 0;
    let mut heading = None;
    for line in text.lines() {
        heading = match line {
            "New and critical:" | "New:" => Some(Word::New),
            "Critical, known before:" | "Known before:" => Some(Word::Known),
            "Flapping:" => Some(Word::Flapping),
            "Resolved:" => Some(Word::Resolved),
            _ if line.starts_with("- ") => heading,
            _ => None,
        };
        let Some(name) = token(line).and_then(&names) else { continue };
        let word = match heading {
            _ if line.starts_with(' ') => continue,
            Some(word) => word,
            None if is_end => Word::Resolved,
            None if said.counts.firing == 0 => Word::Flapping,
            None if line.contains("new)") => Word::New,
            None => Word::Known,
        };
        said.alarms.insert(name.to_owned(), word);
    }
    said
}

/// The first word of a line or of a point, as far as a name goes.
fn token(line: &str) -> Option<&str> {
    let line = line.strip_prefix("- ").unwrap_or(line);
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    line.split(|c: char| !in_name(c)).next().filter(|token| !token.is_empty())
}

/// The counts: `12 firing (3 critical, 4 new), 1 resolved.`
pub fn counts(text: &str) -> Counted {
    let line = text.lines().map(|l| l.trim_start_matches("Together: "));
    let counts = |l: &&str| {
        let second = l.split([' ', ',']).nth(1).unwrap_or_default();
        second == "firing" && number(l).is_some()
    };
    let Some(line) = line.into_iter().find(counts) else { return Counted::default() };
    let words: Vec<&str> =
        line.split([' ', ',', ';', ':', '(', ')', '.']).filter(|w| !w.is_empty()).collect();
    let of = |word: &str| {
        let at = words.iter().position(|w| *w == word)?;
        number(words.get(at.checked_sub(1)?)?)
    };
    Counted {
        firing: of("firing").unwrap_or(0),
        critical: of("critical").unwrap_or(0),
        new: of("new").unwrap_or(0),
        flapping: of("flapping").unwrap_or(0),
        resolved: of("resolved").unwrap_or(0),
        explained: of("explained").unwrap_or(0),
    }
}

/// The groups of a digest by their fleets, and what it counts of each; empty for a message about
/// one group.
pub fn groups(text: &str) -> Vec<(&str, Counted)> {
    let line = |line: &'_ str| -> Option<(usize, usize)> {
        let from = line.find(" fleet=")? + " fleet=".len();
        let to = from + line.get(from..)?.find([',', ':'])?;
        Some((from, to))
    };
    let is_digest = text.lines().next().is_some_and(|first| first.contains("in one message"));
    let lines = text.lines().filter(|l| is_digest && !l.starts_with("Why"));
    let groups = lines.filter_map(|l| {
        let (from, to) = line(l)?;
        Some((l.get(from..to)?, counts(l.split_once(": ")?.1)))
    });
    groups.collect()
}

fn number(text: &str) -> Option<u32> {
    text.split(' ').next()?.parse().ok()
}

/// Every name that stands anywhere in a text.
pub fn named<'a>(text: &str, names: impl Fn(&str) -> Option<&'a str>) -> BTreeSet<&'a str> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split(|c: char| !in_name(c)).filter_map(names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "12 firing (3 critical, 4 new), 1 resolved, 2 explained by another alarm.

shop-critical (critical, new)
  value 2, since 05:30
web (warning)
  shop-critical is mentioned

New and critical:
- other-critical: for 2 min

Known before:
- third: for 3 min
- fourth

Resolved:
- fifth: over

Why this message: it is.
Group: third.";

    #[test]
    fn a_text_is_read_as_it_stands() {
        let names = ["shop-critical", "web", "other-critical", "third", "fourth", "fifth"];
        let said = read(TEXT, |token| names.into_iter().find(|name| *name == token));
        let counts =
            Counted { firing: 12, critical: 3, new: 4, flapping: 0, resolved: 1, explained: 2 };
        assert_eq!(said.counts, counts);
        let expected = [
            ("fifth", Word::Resolved),
            ("fourth", Word::Known),
            ("other-critical", Word::New),
            ("shop-critical", Word::New),
            ("third", Word::Known),
            ("web", Word::Known),
        ];
        assert_eq!(said.alarms, expected.map(|(n, w)| (n.to_owned(), w)).into());
    }

    #[test]
    fn a_digest_counts_in_its_second_line_and_an_end_counts_nothing() {
        let digest = "2 problems in one message.\nTogether: 5 firing (1 critical, 5 new).\n";
        let counted = Counted { firing: 5, critical: 1, new: 5, ..Counted::default() };
        assert_eq!(counts(digest), counted);
        assert_eq!(counts("0 firing, 2 resolved.").resolved, 2);
        let end =
            read("0 firing, 1 resolved.\n\nweb (warning)\n", |t| (t == "web").then_some("web"));
        assert_eq!(end.alarms["web"], Word::Resolved);
        assert_eq!(counts("no counts").firing, 0);
    }

    #[test]
    fn a_digest_counts_each_group() {
        let text = "2 problems in one message.\nTogether: 5 firing (5 new), 1 resolved.\n\n\
                    FIRING fleet=web, service=web: 5 firing (5 new); among them web-cpu\n\n\
                    RESOLVED fleet=api, service=api: 0 firing, 1 resolved: api-cpu\n";
        let one = Counted { firing: 5, new: 5, ..Counted::default() };
        let other = Counted { resolved: 1, ..Counted::default() };
        assert_eq!(groups(text), [("web", one), ("api", other)]);
        assert_eq!(groups(TEXT), []);
    }
}
