//! The group's scheduled actions against the policy's floors, and the backstop that somebody left.

use super::Sight;
use super::advice::Finding;
use jiff::{SignedDuration, Timestamp};
use tidegate_domain::attach::ScheduledAction;
use tidegate_domain::cron::Cron;
use tidegate_domain::group::Backstop;
use tidegate_domain::policy::FleetPolicy;

/// Occurrences of the backstop that are compared: five weeks of days.
const OCCURRENCES: usize = 35;

/// What the scheduled actions mean.
pub(super) fn judge(sight: &Sight) -> Vec<Finding> {
    let policy = sight.planned().map(|planned| &planned.policy);
    let actions = || sight.schedules.iter().flatten();
    let mut found: Vec<Finding> = Vec::new();
    for action in actions().filter(|action| action.name != Backstop::NAME) {
        if is_over(action, sight.now) {
            continue;
        }
        found.extend(policy.and_then(|policy| same_minute(action, policy, sight.now)));
        found.extend(sets(action, policy));
    }
    let backstop = actions().find(|action| action.name == Backstop::NAME);
    found.extend(backstop.map(|action| controlled(sight, action)));
    found
}

fn is_over(action: &ScheduledAction, now: Timestamp) -> bool {
    let ended = action.end.is_some_and(|end| end <= now);
    let once = action.recurrence.is_none() && action.start.is_some_and(|start| start <= now);
    ended || once
}

/// AWS refuses two actions of a group at one time: the backstop could not be written.
fn same_minute(action: &ScheduledAction, policy: &FleetPolicy, now: Timestamp) -> Option<Finding> {
    let zone = policy.calendar.zone.iana_name().unwrap_or("UTC");
    let at = shared(action, &policy.calendar.day_cron(), zone, now)?;
    let when = at.to_zoned(policy.calendar.zone.clone()).strftime("%F %a %R").to_string();
    let starts = policy.calendar.day_starts.strftime("%R").to_string();
    Some(
        Finding::stop(
            "schedule-clash",
            format!("{} comes at {when}, when the day starts", action.name),
        )
        .why(format!(
            "AWS takes one scheduled action for a time: the backstop {} cannot be written, and \
                 without it nothing is ever lowered",
            Backstop::NAME
        ))
        .act(format!(
            "move it from {starts} by a minute, or delete it: Tidegate does the mornings"
        )),
    )
}

/// The first time that both come.
fn shared(action: &ScheduledAction, cron: &str, zone: &str, now: Timestamp) -> Option<Timestamp> {
    let ours = Cron::parse(cron, zone).ok()?;
    let theirs = match &action.recurrence {
        Some(cron) => Some(Cron::parse(cron, &action.time_zone).ok()?),
        None => None,
    };
    let mut at = now;
    for _ in 0..OCCURRENCES {
        at = ours.next(at)?;
        let before = at - SignedDuration::from_secs(1);
        let meets = match &theirs {
            Some(theirs) => theirs.next(before) == Some(at),
            None => action.start == Some(at),
        };
        if meets {
            return Some(at);
        }
    }
    None
}

/// What it does to the sizes that Tidegate keeps.
fn sets(action: &ScheduledAction, policy: Option<&FleetPolicy>) -> Option<Finding> {
    let sizes = [("MinSize", action.min), ("desired", action.desired), ("MaxSize", action.max)];
    let named = sizes.iter().filter_map(|(what, size)| size.map(|size| format!("{what} {size}")));
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        return None;
    }
    let when = match &action.recurrence {
        Some(cron) => format!("again and again ({cron}, {})", action.time_zone),
        None => {
            format!("once, at {}", action.start.map_or("its time".to_owned(), |at| at.to_string()))
        }
    };
    let words = format!("{} sets {} {when}", action.name, named.join(", "));
    let cuts = cut(action, policy);
    let finding = match (&cuts, action.recurrence.is_some()) {
        (Some(_), true) => Finding::stop("schedule-sizes", words),
        _ => Finding::care("schedule-sizes", words),
    };
    let why = cuts.unwrap_or_else(|| {
        "a MinSize that Tidegate did not write counts as a person's wish and is kept for good"
            .to_owned()
    });
    let act = "delete it: the policy's day and night say the same; or leave the group to it";
    Some(finding.why(why).act(act))
}

/// What it takes away, if it does; everything may, where no policy is known.
fn cut(action: &ScheduledAction, policy: Option<&FleetPolicy>) -> Option<String> {
    let (floor, most) = match policy {
        Some(policy) => (policy.day_floor, policy.budget_max),
        None => (u32::MAX, u32::MAX),
    };
    if action.max.is_some_and(|max| max < most) {
        return Some("a lower MaxSize cuts what serves, and binds every raise after it".to_owned());
    }
    if action.desired.is_some_and(|desired| desired < floor) {
        return Some(
            "it sets desired without a look at the load: a floor or a spike is undone".to_owned(),
        );
    }
    let undone = "it takes the floor away that Tidegate keeps; the next tick puts it back";
    action.min.is_some_and(|min| min < floor).then(|| undone.to_owned())
}

/// The backstop stands: it is ours, or somebody else controls the group.
fn controlled(sight: &Sight, action: &ScheduledAction) -> Finding {
    let size = action.min.map_or("no MinSize".to_owned(), |min| format!("MinSize {min}"));
    let words = format!("the backstop {} stands on the group ({size})", action.name);
    let ours = matches!(&sight.memory, Some(Ok(memory)) if memory.version > 0);
    if ours {
        return Finding::note("attached", words)
            .why("this control table remembers the group: Tidegate is attached already")
            .act("make status shows how it stands");
    }
    Finding::stop("another-tidegate", words)
        .why("another Tidegate controls the group, or one that was removed left it there")
        .act(
            "if another stack scales it, take the group out of one of them; if that stack is gone, \
             make uninstall GROUP=... BACKSTOP=remove YES=1",
        )
}
