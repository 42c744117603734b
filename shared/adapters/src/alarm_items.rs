//! Where the router's items stand in the control table, and what is in them.
//!
//! | `pk` | `sk` | attributes |
//! |---|---|---|
//! | `alarm-groups` | a group's id | `key` and `explains` (JSON), `due_ms`, `told_ms` while it stands, `stamp` |
//! | `alarm-group#ID` | `lease` | [`crate::lease`] |
//! | `alarm-group#ID` | `member#FINGERPRINT` | `doc`, `version`, `writer`, `expires_at` once it is over |
//! | `alarm-group#ID` | `state` | `doc`, `version`, `writer` |
//! | `alarm-silences` | a silence's id | `doc`, `expires_at` |
//! | `alarm-spent#TOPIC` | `s` | `second`, `used`, `writer` |

use crate::item::{self, Item};
use crate::put::Place;
use crate::telemetry::{self, Level};
use serde_json::json;
use std::collections::BTreeSet;
use tidegate_domain::alarms::group::GroupId;
use tidegate_domain::alarms::ports::{GroupEntry, GroupRead, MemberId};
use tidegate_wire::stored;

/// Partition of the list of groups.
pub(crate) const GROUPS: &str = "alarm-groups";
/// Partition of the silences.
pub(crate) const SILENCES: &str = "alarm-silences";

const STATE: &str = "state";
const MEMBER: &str = "member#";

/// Partition of everything that is kept of a group.
pub(crate) fn group_key(group: &GroupId) -> String {
    format!("alarm-group#{group}")
}

/// A group in the list of groups.
pub(crate) fn entry_place(group: &GroupId) -> Place {
    Place { pk: GROUPS.to_owned(), sk: group.to_string() }
}

/// What people know of a group.
pub(crate) fn state_place(group: &GroupId) -> Place {
    Place { pk: group_key(group), sk: STATE.to_owned() }
}

/// A member.
pub(crate) fn member_place(id: &MemberId) -> Place {
    Place { pk: group_key(&id.group), sk: format!("{MEMBER}{}", id.fingerprint) }
}

/// What a topic got in the newest second.
pub(crate) fn spent_place(topic: &str) -> Place {
    Place { pk: format!("alarm-spent#{topic}"), sk: "s".to_owned() }
}

/// The key of an item, for comparing places.
pub(crate) fn place(item: &Item) -> Option<Place> {
    let fields = item::fields(item);
    let word = |name| fields.string(name).ok().map(str::to_owned);
    Some(Place { pk: word("pk")?, sk: word("sk")? })
}

/// What a group explains, as it is kept.
pub(crate) fn explains(keys: &BTreeSet<String>) -> String {
    json!(keys).to_string()
}

/// The list of groups. An entry that cannot be read is told and left out: the others are not to
/// wait for it.
pub(crate) fn entries(items: &[Item]) -> Vec<GroupEntry> {
    items.iter().filter_map(|found| readable("a group", stored::group_entry, found)).collect()
}

/// One thing of an item, or a line about what is wrong with it.
pub(crate) fn readable<T>(
    what: &str,
    read: fn(&stored::Fields<'_>) -> Result<T, String>,
    found: &Item,
) -> Option<T> {
    read(&item::fields(found)).inspect_err(|why| tell(what, found, why)).ok()
}

fn tell(what: &str, found: &Item, why: &str) {
    let place = place(found).map(|place| format!("{} {}", place.pk, place.sk));
    let text = format!("the control table holds {what} that cannot be read: {why}");
    telemetry::line(Level::Error, &text, json!({ "item": place }));
}

/// Adds an item of a group's partition to what was read of it.
///
/// # Errors
/// A state whose version cannot be read: nothing could be written against it.
pub(crate) fn add(group: &mut GroupRead, found: &Item) -> Result<(), String> {
    let fields = item::fields(found);
    match fields.string("sk")? {
        STATE => {
            group.version = stored::version(&fields)?;
            // A state that cannot be read counts as none, with its version, so that the next one
            // replaces it: people are told once more, which is better than never again.
            group.state = readable("a group's state", stored::group_state, found);
        }
        // One alarm that cannot be read is not to hide the others of its group.
        sk if sk.starts_with(MEMBER) => {
            group.members.extend(readable("an alarm", stored::member, found));
        }
        _ => {}
    }
    Ok(())
}
