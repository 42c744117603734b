//! The lines that say what stands at the start.

use super::{Files, Item, Reader, number, whole};
use crate::scenario::script::{Event, Happening, Metric, Net, Rule, Script, Watch};
use crate::scenario::time::Cursor;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use tidegate_domain::group::Sizes;
use tidegate_domain::ids::{AlarmName, FleetName};
use tidegate_domain::metrics::Comparison;
use tidegate_domain::policy::Policy;
use tidegate_fakes::GroupSpec;
use toml::{Table, Value};

/// Every key.
const KEYS: [&str; 12] = [
    "policy", "fleet", "group", "zones", "boot", "drain", "tracking", "alarm", "from", "until",
    "load", "past",
];
/// Boot and drain of the plant, in seconds.
const BOOT: SignedDuration = SignedDuration::from_secs(180);
const DRAIN: SignedDuration = SignedDuration::from_secs(60);
/// A script is not longer: a longer story is `replay`'s.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Reads the head, and with it the rest; none when a fault keeps it from being whole.
pub(super) fn read(r: &mut Reader<'_>, files: &Files<'_>) -> Option<Script> {
    refuse_unknown(r);
    let policy = policy(r, files);
    let fleet = fleet(r, policy.as_ref());
    let rules = policy.as_ref().zip(fleet.as_ref()).and_then(|(p, f)| p.fleets.get(f));
    let zone = rules.map_or(TimeZone::UTC, |rules| rules.calendar.zone.clone());
    let span = span(r, &zone);
    let from = span.map_or(Timestamp::UNIX_EPOCH, |(from, _)| from);
    let cursor = Cursor::new(&zone, from);
    let load = r.needed("load", "load\n  07:00 400").and_then(|item| r.curve(item, cursor.clone()));
    let past = match r.one("past") {
        Some(item) if item.rest() == "as load" => load.clone(),
        Some(item) if item.words.len() == 1 => r.curve(item, cursor),
        Some(item) => r.keep(item.line, Err("`past` with breakpoints, or `past as load`".into())),
        None => None,
    };
    let group = group(r);
    let tracking = r.one("tracking").and_then(|item| r.keep(item.line, tracking(item)));
    let mut alarms = alarms(r);
    if let Some(rules) = rules {
        complete_alarms(r, rules, &mut alarms);
    }
    let events = events(r, &zone, span);
    check_names(r, group.as_ref(), &alarms, &events);
    let (from, until) = span?;
    let (policy, fleet, group, load) = (policy?, fleet?, group?, load?);
    Some(Script { policy, fleet, group, tracking, alarms, from, until, load, past, events })
}

fn refuse_unknown(r: &mut Reader<'_>) {
    let unknown = r.items.iter().filter(|i| !i.is_event() && !KEYS.contains(&i.key()));
    for item in unknown {
        let known = KEYS.join(", ");
        r.fault(item.line, format!("unknown word `{}`; known: {known}, or a time", item.key()));
    }
    let blocks = ["policy", "load", "past"];
    let under = r.items.iter().filter(|i| !i.is_event() && !blocks.contains(&i.key()));
    for line in under.filter_map(|item| item.block.first()) {
        r.fault(line.0, "only policy, load and past have indented lines");
    }
}

/// The policy: a file's, with the keys of the indented lines over it, or those alone.
fn policy(r: &mut Reader<'_>, files: &Files<'_>) -> Option<Policy> {
    let item = r.needed("policy", "policy seoul.toml")?;
    let line = item.line;
    let mut table = match item.rest().as_str() {
        "" => Table::new(),
        name => {
            let text = files(name).map_err(|error| format!("{name}: {error}"));
            let text = r.keep(line, text)?;
            let table = text.parse::<Table>().map_err(|error| format!("{name}: {error}"));
            r.keep(line, table)?
        }
    };
    lay_over(&mut table, block_table(r, item)?);
    let document = toml::to_string(&table).map_err(|error| error.to_string());
    let document = r.keep(line, document)?;
    match Policy::parse(&document) {
        Ok(policy) => Some(policy),
        Err(faults) => {
            faults.0.iter().for_each(|fault| r.fault(line, format!("policy: {fault}")));
            None
        }
    }
}

/// The indented lines as TOML; a fault of syntax is told at its own line.
fn block_table(r: &mut Reader<'_>, item: &Item<'_>) -> Option<Table> {
    let lines: Vec<&str> = item.block.iter().map(|(_, text)| *text).collect();
    let text = lines.join("\n");
    text.parse::<Table>()
        .map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let nth = before.map_or(0, |before| before.matches('\n').count());
            let line = item.block.get(nth).map_or(item.line, |(line, _)| *line);
            r.fault(line, format!("policy: {}", error.message()));
        })
        .ok()
}

/// Tables are joined key by key; everything else is replaced.
fn lay_over(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay_over(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

fn fleet(r: &mut Reader<'_>, policy: Option<&Policy>) -> Option<FleetName> {
    let item = r.one("fleet");
    let policy = policy?;
    let Some(item) = item else {
        let mut names = policy.fleets.keys();
        let only = names.next().filter(|_| policy.fleets.len() == 1).cloned();
        if only.is_none() {
            r.fault(0, "the policy has several fleets: `fleet NAME` says which one it is");
        }
        return only;
    };
    let named = item.rest();
    let found = policy.fleets.keys().find(|name| name.as_str() == named).cloned();
    r.keep(item.line, found.ok_or_else(|| format!("the policy has no fleet {named:?}")))
}

fn span(r: &mut Reader<'_>, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let from = r.needed("from", "from 2026-11-20 21:30")?;
    let until = r.needed("until", "until 08:30")?;
    let mut cursor = Cursor::new(zone, Timestamp::MIN);
    let dated = from.words.len() == 3;
    let dated = dated.then_some(()).ok_or("`from` is a date and a time".to_owned());
    r.keep(from.line, dated)?;
    let first = only_time(from, &mut cursor);
    let first = r.keep(from.line, first)?;
    let last = only_time(until, &mut cursor);
    let last = r.keep(until.line, last)?;
    let length = last.duration_since(first);
    if length.is_zero() || length > LONGEST {
        r.fault(until.line, format!("from a minute to {} hours", LONGEST.as_hours()));
    }
    Some((first, last))
}

fn only_time(item: &Item<'_>, cursor: &mut Cursor) -> Result<Timestamp, String> {
    let (at, rest) = cursor.read(item.words.get(1..).unwrap_or_default())?;
    if rest.is_empty() { Ok(at) } else { Err(format!("only a time, got {:?}", item.rest())) }
}

fn group(r: &mut Reader<'_>) -> Option<GroupSpec> {
    let item = r.needed("group", "group min 2, desired 10, max 20")?;
    let read = sizes(&item.rest());
    let sizes = r.keep(item.line, read)?;
    let mut spec = GroupSpec::sized(sizes.min, sizes.desired, sizes.max);
    if let Some(item) = r.one("zones") {
        spec.zones = item.rest().split(',').map(|zone| zone.trim().to_owned()).collect();
    }
    spec.boot = r.one("boot").map_or(Some(BOOT), |i| r.keep(i.line, seconds(&i.rest())))?;
    spec.drain = r.one("drain").map_or(Some(DRAIN), |i| r.keep(i.line, seconds(&i.rest())))?;
    Some(spec)
}

fn sizes(text: &str) -> Result<Sizes, String> {
    let wrong = || format!("`group min 2, desired 10, max 20`, got {text:?}");
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let ["min", min, "desired", desired, "max", max] = words.as_slice() else {
        return Err(wrong());
    };
    let sizes = Sizes { min: whole(min)?, max: whole(max)?, desired: whole(desired)? };
    let fits = (sizes.min..=sizes.max).contains(&sizes.desired);
    fits.then_some(sizes).ok_or_else(|| "desired lies from min to max".to_owned())
}

/// `180 s`
pub(super) fn seconds(text: &str) -> Result<SignedDuration, String> {
    let number = text.strip_suffix('s').map(str::trim).unwrap_or_default();
    let secs = whole(number).map_err(|_| format!("seconds such as `180 s`, got {text:?}"))?;
    Ok(SignedDuration::from_secs(secs.into()))
}

/// `cpu 70 %, out only` or `cpu 50 %, out and in`
fn tracking(item: &Item<'_>) -> Result<Net, String> {
    match item.words.get(1..).unwrap_or_default() {
        ["cpu", target, "%,", "out", "only"] => {
            Ok(Net { target: number(target)?, scale_in: false })
        }
        ["cpu", target, "%,", "out", "and", "in"] => {
            Ok(Net { target: number(target)?, scale_in: true })
        }
        _ => Err("`tracking cpu 70 %, out only`, or `out and in`".to_owned()),
    }
}

fn alarms(r: &mut Reader<'_>) -> Vec<Watch> {
    let mut watches: Vec<Watch> = Vec::new();
    for item in r.all("alarm") {
        let Some(watch) = r.keep(item.line, alarm(item)) else { continue };
        if watches.iter().any(|known| known.name == watch.name) {
            r.fault(item.line, format!("a second alarm {}", watch.name));
        }
        watches.push(watch);
    }
    watches
}

/// `alarm NAME: cpu >= 70 for 2 of 2 minutes`, `alarm NAME: by hand`
fn alarm(item: &Item<'_>) -> Result<Watch, String> {
    let text = item.rest();
    let (name, rule) = text.split_once(": ").ok_or("`alarm NAME: cpu >= 70`, or `by hand`")?;
    let name = AlarmName::new(name).map_err(|error| error.to_string())?;
    let words: Vec<&str> = rule.split(' ').collect();
    let (head, datapoints, periods) = match words.as_slice() {
        ["by", "hand"] => return Ok(Watch { name, rule: None }),
        [head @ .., "for", some, "of", all, "minutes"] => (head, whole(some)?, whole(all)?),
        head => (head, 2, 2),
    };
    let &[metric, sign, threshold] = head else {
        return Err(format!("a metric, >= or >, a threshold; got {rule:?}"));
    };
    let known: Vec<&str> = Metric::WORDS.iter().map(|(word, _)| *word).collect();
    let metric = Metric::parse(metric)
        .ok_or_else(|| format!("a metric ({}), got {metric:?}", known.join(", ")))?;
    let comparison = comparison(sign)?;
    let threshold = number(threshold)?;
    Ok(Watch { name, rule: Some(Rule { metric, comparison, threshold, datapoints, periods }) })
}

fn comparison(sign: &str) -> Result<Comparison, String> {
    match sign {
        ">=" => Ok(Comparison::AtOrAbove),
        ">" => Ok(Comparison::Above),
        "<=" => Ok(Comparison::AtOrBelow),
        "<" => Ok(Comparison::Below),
        other => Err(format!(">=, >, <= or <, got {other:?}")),
    }
}

/// A spike alarm must be there with its rule; a veto alarm that is not is moved by hand.
fn complete_alarms(
    r: &mut Reader<'_>,
    rules: &tidegate_domain::policy::FleetPolicy,
    alarms: &mut Vec<Watch>,
) {
    // By their lines: of an alarm that does not read its own fault is told already.
    let word = |item: &Item<'_>| Some(item.words.get(1)?.trim_end_matches(':').to_owned());
    let known: BTreeSet<String> = r.all("alarm").filter_map(word).collect();
    let is_known = |name: &AlarmName| known.contains(name.as_str());
    for spike in rules.spikes.iter().filter(|spike| !is_known(&spike.alarm)) {
        let name = &spike.alarm;
        r.fault(0, format!("the policy's spike alarm is missing: `alarm {name}: cpu >= 70`"));
    }
    let spikes: BTreeSet<&AlarmName> = rules.spikes.iter().map(|spike| &spike.alarm).collect();
    let vetoes = rules.lower.veto_alarms.iter();
    let new = vetoes.filter(|name| !is_known(name) && !spikes.contains(name));
    alarms.extend(new.map(|name| Watch { name: name.clone(), rule: None }));
}

fn events(
    r: &mut Reader<'_>,
    zone: &TimeZone,
    span: Option<(Timestamp, Timestamp)>,
) -> Vec<Happening> {
    let from = span.map_or(Timestamp::UNIX_EPOCH, |(from, _)| from);
    let events = r.events(zone, from);
    if let Some((_, until)) = span {
        for late in events.iter().filter(|happening| happening.at >= until) {
            r.fault(late.line, "it happens after the end");
        }
    }
    events
}

/// Zones and alarms that events name must be there.
fn check_names(
    r: &mut Reader<'_>,
    group: Option<&GroupSpec>,
    alarms: &[Watch],
    events: &[Happening],
) {
    for Happening { line, event, .. } in events {
        let zone = match event {
            Event::LaunchesFail(Some(zone), _)
            | Event::LaunchesSucceed(Some(zone))
            | Event::ZoneLost(zone) => Some(zone),
            _ => None,
        };
        let strange = zone.zip(group).filter(|(zone, group)| !group.zones.contains(zone));
        if let Some((zone, group)) = strange {
            r.fault(*line, format!("the group has no zone {zone:?}: {}", group.zones.join(", ")));
        }
        if let Event::Alarm(name, _) = event
            && !alarms.iter().any(|watch| watch.name == *name)
        {
            r.fault(*line, format!("there is no alarm {name}"));
        }
    }
}
