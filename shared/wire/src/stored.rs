//! Items of the control table, read: policy versions, memories, ledger entries, leases, and the
//! router's groups, members and silences.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::str::FromStr;
use tidegate_domain::alarms::group::{GroupId, GroupKey, GroupState};
use tidegate_domain::alarms::ports::{GroupEntry, Kept};
use tidegate_domain::alarms::silence::Silence;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::memory::Memory;
use tidegate_domain::ports::{StoredPolicy, Versioned};

/// An attribute of an item, in the two types of DynamoDB that the table uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute<'a> {
    /// A string.
    Text(&'a str),
    /// A number: its digits.
    Number(&'a str),
    /// Any other type.
    Other,
}

/// An item's attributes by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields<'a>(BTreeMap<&'a str, Attribute<'a>>);

impl<'a> FromIterator<(&'a str, Attribute<'a>)> for Fields<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, Attribute<'a>)>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

impl<'a> Fields<'a> {
    /// Reads a string attribute.
    ///
    /// # Errors
    /// A sentence when it is missing or something else.
    pub fn string(&self, name: &str) -> Result<&'a str, String> {
        match self.0.get(name) {
            Some(Attribute::Text(value)) => Ok(value),
            Some(_) => Err(format!("`{name}` is not a string")),
            None => Err(format!("`{name}` is missing")),
        }
    }

    /// Whether there is an attribute of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Reads an instant: whole milliseconds since the epoch.
    ///
    /// # Errors
    /// A sentence when it is missing, something else, or out of range.
    pub fn instant(&self, name: &str) -> Result<Timestamp, String> {
        let at = Timestamp::from_millisecond(self.whole(name)?);
        at.map_err(|error| format!("`{name}`: {error}"))
    }

    /// Reads a whole number.
    ///
    /// # Errors
    /// A sentence when it is missing, something else, or out of range.
    pub fn whole<T: FromStr>(&self, name: &str) -> Result<T, String> {
        match self.0.get(name) {
            Some(Attribute::Number(digits)) => digits
                .parse()
                .map_err(|_| format!("`{name}` is {digits}, not a whole number in range")),
            Some(_) => Err(format!("`{name}` is not a number")),
            None => Err(format!("`{name}` is missing")),
        }
    }
}

/// A policy version.
///
/// # Errors
/// What is missing or wrong. The document itself is not looked into.
pub fn policy(stored: &Fields<'_>) -> Result<StoredPolicy, String> {
    Ok(StoredPolicy {
        version: stored.whole("version")?,
        document: stored.string("doc")?.to_owned(),
    })
}

/// A fleet's memory.
///
/// # Errors
/// What is missing or wrong with the item or the document in it.
pub fn memory(stored: &Fields<'_>) -> Result<Versioned, String> {
    let version = version(stored)?;
    let memory = Memory::read(stored.string("doc")?);
    Ok(Versioned { memory: memory.map_err(|error| format!("`doc` of memory: {error}"))?, version })
}

/// A version: at least 1.
///
/// # Errors
/// What is missing or wrong.
pub fn version(stored: &Fields<'_>) -> Result<u64, String> {
    match stored.whole("version")? {
        0 => Err("`version` is 0, which stands for nothing".to_owned()),
        version => Ok(version),
    }
}

/// A ledger entry.
///
/// # Errors
/// What is missing or wrong with the item or the document in it.
pub fn entry(stored: &Fields<'_>) -> Result<LedgerEntry, String> {
    document(stored, "doc")
}

/// A JSON text in an attribute.
fn document<T: DeserializeOwned>(stored: &Fields<'_>, name: &str) -> Result<T, String> {
    let place = stored.string("sk").unwrap_or_default();
    let text = stored.string(name)?;
    serde_json::from_str(text).map_err(|error| format!("`{name}` of {place}: {error}"))
}

/// A group in the router's list of groups.
///
/// # Errors
/// What is missing or wrong; also a key that belongs to another place.
pub fn group_entry(stored: &Fields<'_>) -> Result<GroupEntry, String> {
    let key: GroupKey = document(stored, "key")?;
    let (place, id) = (stored.string("sk")?, GroupId::of(&key));
    if place != id.0 {
        return Err(format!("`key` of {place} is that of {id}"));
    }
    let told = stored.has("told_ms").then(|| stored.instant("told_ms")).transpose()?;
    Ok(GroupEntry {
        key,
        due: stored.instant("due_ms")?,
        told,
        explains: document(stored, "explains")?,
        stamp: stored.string("stamp")?.to_owned(),
    })
}

/// What people know of a group; its version is [`version`].
///
/// # Errors
/// What is missing or wrong with the item or the document in it.
pub fn group_state(stored: &Fields<'_>) -> Result<GroupState, String> {
    document(stored, "doc")
}

/// A member of a group with its version.
///
/// # Errors
/// What is missing or wrong with the item or the document in it.
pub fn member(stored: &Fields<'_>) -> Result<Kept, String> {
    Ok(Kept { version: version(stored)?, member: document(stored, "doc")? })
}

/// A silence.
///
/// # Errors
/// What is missing or wrong with the item or the document in it.
pub fn silence(stored: &Fields<'_>) -> Result<Silence, String> {
    document(stored, "doc")
}

/// What a topic got in one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// The second, since the epoch.
    pub second: i64,
    /// Messages.
    pub used: u32,
}

/// What a topic got in the newest second.
///
/// # Errors
/// What is missing or wrong.
pub fn spent(stored: &Fields<'_>) -> Result<Spent, String> {
    Ok(Spent { second: stored.whole("second")?, used: stored.whole("used")? })
}

/// DynamoDB removes expired items days late: readers look themselves.
pub fn is_expired(stored: &Fields<'_>, wall: Timestamp) -> bool {
    stored.whole::<i64>("expires_at").is_ok_and(|at| at <= wall.as_second())
}

/// A lease's owner: a token.
///
/// # Errors
/// What is missing or wrong.
pub fn lease_owner<'a>(stored: &Fields<'a>) -> Result<&'a str, String> {
    stored.string("owner")
}

/// Until when a lease stands, in milliseconds since the epoch.
///
/// # Errors
/// What is missing or wrong.
pub fn lease_until_ms(stored: &Fields<'_>) -> Result<i64, String> {
    stored.whole("until_ms")
}

#[cfg(test)]
mod tests {
    use super::*;
    use Attribute::{Number, Other, Text};
    use tidegate_domain::alarms::labels::Labels;

    fn item<'a>(version: &'a str, doc: &'a str) -> Fields<'a> {
        let all = [("sk", Text("memory")), ("version", Number(version)), ("doc", Text(doc))];
        all.into_iter().collect()
    }

    #[test]
    fn an_unreadable_memory_is_an_error_and_not_a_default() {
        assert_eq!(memory(&item("3", "{}")).unwrap().version, 3);
        for (stored, why) in [
            (item("3", "{"), "`doc` of memory"),
            (item("3", r#"{"from_the_future":1}"#), "from_the_future"),
            (item("x", "{}"), "not a whole number"),
            (item("0", "{}"), "stands for nothing"),
            (Fields::default(), "`version` is missing"),
            ([("version", Number("1")), ("doc", Other)].into_iter().collect(), "not a string"),
            ([("version", Text("1"))].into_iter().collect(), "not a number"),
        ] {
            let error = memory(&stored).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn policies_entries_and_leases_say_what_is_wrong() {
        assert_eq!(policy(&item("7", "text")).unwrap().version, 7);
        assert!(policy(&item("-1", "text")).unwrap_err().contains("not a whole number"));
        assert!(entry(&item("1", "{}")).unwrap_err().starts_with("`doc` of memory: missing"));
        let lease: Fields<'_> =
            [("owner", Text("t")), ("until_ms", Number("12"))].into_iter().collect();
        assert_eq!((lease_owner(&lease), lease_until_ms(&lease)), (Ok("t"), Ok(12)));
        assert!(lease_until_ms(&Fields::default()).unwrap_err().contains("missing"));
    }

    #[test]
    fn what_ttl_has_not_removed_yet_is_not_shown() {
        let wall: Timestamp = "2026-03-02T22:10:00Z".parse().unwrap();
        for (offset, expired) in [(-1, true), (0, true), (60, false)] {
            let second = (wall.as_second() + offset).to_string();
            let stored = [("expires_at", Number(second.as_str()))].into_iter().collect();
            assert_eq!(is_expired(&stored, wall), expired, "{offset}");
        }
        assert!(!is_expired(&Fields::default(), wall));
    }

    fn key() -> GroupKey {
        let labels = [("fleet".to_owned(), "web".to_owned())].into();
        GroupKey { route: "root".to_owned(), labels: Labels(labels) }
    }

    #[test]
    fn a_listed_group_reads_back_and_says_what_is_wrong() {
        let (id, json) = (GroupId::of(&key()).0, serde_json::to_string(&key()).unwrap());
        let good = [
            ("sk", Text(id.as_str())),
            ("key", Text(json.as_str())),
            ("due_ms", Number("2000")),
            ("explains", Text("[\"0:a\"]")),
            ("stamp", Text("s-1")),
        ];
        let read = |more: &[(&'static str, Attribute<'static>)]| {
            let all = good.iter().copied().filter(|(name, _)| more.iter().all(|(n, _)| n != name));
            group_entry(&all.chain(more.iter().copied()).collect())
        };
        let entry = read(&[]).unwrap();
        assert_eq!((entry.key, entry.stamp.as_str()), (key(), "s-1"));
        assert_eq!((entry.due.as_millisecond(), entry.told), (2_000, None));
        assert!(entry.explains.contains("0:a"));
        let told = read(&[("told_ms", Number("1500"))]).unwrap().told;
        assert_eq!(told.map(Timestamp::as_millisecond), Some(1_500));
        for (wrong, why) in [
            (("sk", Text("of another")), "is that of"),
            (("key", Text("{")), "`key` of"),
            (("due_ms", Number("9223372036854775807")), "`due_ms`"),
            (("told_ms", Text("then")), "`told_ms` is not a number"),
            (("explains", Text("{}")), "`explains` of"),
            (("stamp", Other), "`stamp` is not a string"),
        ] {
            let error = read(&[wrong]).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn states_members_and_silences_say_what_is_wrong() {
        let state = serde_json::to_string(&GroupState::new(key())).unwrap();
        assert_eq!(group_state(&item("3", &state)).unwrap().key, key());
        assert!(group_state(&item("3", "{}")).unwrap_err().contains("`doc` of memory"));
        assert!(member(&item("3", "{}")).unwrap_err().contains("`doc` of memory"));
        assert!(member(&item("0", "{}")).unwrap_err().contains("stands for nothing"));
        assert!(silence(&item("3", "[]")).unwrap_err().contains("`doc` of memory"));
        let fields = [("second", Number("100")), ("used", Number("4"))].into_iter().collect();
        assert_eq!(spent(&fields), Ok(Spent { second: 100, used: 4 }));
        assert!(spent(&Fields::default()).unwrap_err().contains("missing"));
    }
}
