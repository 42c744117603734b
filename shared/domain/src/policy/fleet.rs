//! One fleet's policy.

use super::reader::{Faults, Reader, parsed};
use super::sizing::{self, SizingPolicy};
use crate::calendar::{Calendar, DayOfWeek, StayUp};
use crate::ids::AlarmName;
use crate::metrics::{MetricQuery, MetricSpec, QueryPart, QuerySource};
use crate::steps::{Adjustment, Step, StepTable};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// The id of the line that carries a load expression; operators' names may not take it.
const RESULT_ID: &str = "tidegate_load";

/// One fleet's policy. Capacities are in capacity units (instances unless the group is weighted).
#[derive(Debug, Clone)]
pub struct FleetPolicy {
    /// Never below.
    pub min: u32,
    /// What is measured.
    pub load: LoadPolicy,
    /// Load that one capacity unit serves inside the SLO.
    pub capacity_per_instance: f64,
    /// From launch to in service, before any launch was measured.
    pub boot: SignedDuration,
    /// Our own ceiling under `MaxSize`.
    pub budget_max: u32,
    /// Kept by day.
    pub day_floor: u32,
    /// Days and nights.
    pub calendar: Calendar,
    /// The night.
    pub night: NightPolicy,
    /// The gate.
    pub lower: LowerPolicy,
    /// Step tables.
    pub spikes: Vec<SpikePolicy>,
    /// Learned headroom.
    pub sizing: SizingPolicy,
}

/// What is measured.
#[derive(Debug, Clone)]
pub struct LoadPolicy {
    /// The load, by the minute.
    pub query: MetricQuery,
    /// The healthy host count, which tells a true zero from a missing metric.
    pub healthy: Option<MetricQuery>,
}

/// The night.
#[derive(Debug, Clone)]
pub struct NightPolicy {
    /// Kept by night.
    pub floor: u32,
    /// Times the measured need.
    pub headroom: f64,
}

/// The gate of every lowering.
#[derive(Debug, Clone)]
pub struct LowerPolicy {
    /// Percent of the capacity that one lowering takes at most.
    pub step_percent: u32,
    /// Between a termination and the next lowering.
    pub bake: SignedDuration,
    /// Alarms that forbid lowering.
    pub veto_alarms: BTreeSet<AlarmName>,
}

/// A step table on an alarm.
#[derive(Debug, Clone)]
pub struct SpikePolicy {
    /// The alarm.
    pub alarm: AlarmName,
    /// Its steps.
    pub table: StepTable,
    /// In service for this long before an instance counts as base.
    pub warmup: SignedDuration,
    /// Quiet for this long before anything is lowered.
    pub stabilization: SignedDuration,
    /// Percent that steps may add in 10 minutes.
    pub growth_10min_percent: u32,
    /// Percent that steps may add in an hour.
    pub growth_hour_percent: u32,
}

impl FleetPolicy {
    /// The quiet that a lowering needs: the longest stabilization window of the step tables
    /// (10 minutes without any).
    pub fn stabilization(&self) -> SignedDuration {
        let windows = self.spikes.iter().map(|s| s.stabilization);
        windows.max().unwrap_or(SignedDuration::from_mins(10))
    }

    /// Every alarm that a decision looks at, each once.
    pub fn alarm_names(&self) -> Vec<AlarmName> {
        let spikes = self.spikes.iter().map(|s| s.alarm.clone());
        let all: BTreeSet<AlarmName> = spikes.chain(self.lower.veto_alarms.clone()).collect();
        all.into_iter().collect()
    }
}

/// Reads `fleets.NAME`; none when a part is too broken to build the rest on.
pub(super) fn read(path: &str, table: &Table, faults: &mut Faults) -> Option<FleetPolicy> {
    let r = Reader::open("fleet", path, table, faults);
    let min = r.whole("min", faults);
    let zone = r.parsed("time_zone", faults, zone);
    let capacity_per_instance = r.number("capacity_per_instance", faults);
    let boot = secs(r.whole("boot_secs", faults));
    let sizing = sizing::read(&r, faults);
    let budget_max = r.whole("budget_max", faults);
    let load = r.table("load", faults).and_then(|t| read_load(&r.at("load"), t, faults));
    let day = r.table("day", faults).map(|t| read_day(&r.at("day"), t, faults));
    let night = r.table("night", faults).map(|t| read_night(&r.at("night"), t, faults));
    let empty = Table::new();
    let lower = r.table("lower", faults).unwrap_or(&empty);
    let lower = read_lower(&r.at("lower"), lower, faults);
    let spikes = read_spikes(&r, faults);
    let (day, night) = (day?, night?);
    for (what, least, most) in [
        ("night.floor must not lie below min", min, night.policy.floor),
        ("day.floor must not lie below night.floor", night.policy.floor, day.floor),
        ("budget_max must not lie below day.floor", day.floor, budget_max),
    ] {
        if least > most {
            faults.add(path, format!("{what} ({most} < {least})"));
        }
    }
    if day.starts == night.starts && day.starts.is_some() {
        faults.add(path, "day.starts and night.starts are the same time");
    }
    let calendar = Calendar {
        zone: zone?,
        day_starts: day.starts?,
        night_starts: night.starts?,
        days: day.days,
        holidays: night.holidays,
        exceptions: night.exceptions,
    };
    Some(FleetPolicy {
        min,
        load: load?,
        capacity_per_instance,
        boot,
        budget_max,
        day_floor: day.floor,
        calendar,
        night: night.policy,
        lower,
        spikes,
        sizing,
    })
}

fn secs(n: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(n))
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("{name:?} is not an IANA time zone"))
}

fn time(text: &str) -> Result<Time, String> {
    let short = text.len() == 5 && text.is_ascii();
    let time = text.parse::<Time>().ok().filter(|_| short);
    time.ok_or_else(|| format!("a local time such as \"08:00\", got {text:?}"))
}

fn weekday(word: &str) -> Result<DayOfWeek, String> {
    let known = DayOfWeek::WORDS.join(", ");
    DayOfWeek::parse(word).ok_or_else(|| format!("one of {known}, got {word:?}"))
}

fn read_load(path: &str, table: &Table, faults: &mut Faults) -> Option<LoadPolicy> {
    let r = Reader::open("fleet.load", path, table, faults);
    let expression = r.parsed("expression", faults, |t| Ok::<_, String>(t.to_owned()));
    let healthy = r.parsed("healthy", faults, str::parse::<MetricSpec>).map(MetricQuery::metric);
    let metrics = r.table("metrics", faults)?;
    let mut parts: Vec<QueryPart> = metrics
        .iter()
        .filter_map(|(id, v)| read_metric(&format!("{path}.metrics.{id}"), id, v, faults))
        .collect();
    if metrics.is_empty() {
        faults.add(&r.at("metrics"), "at least one metric is needed");
    }
    let expression = expression?;
    if expression.trim().is_empty() {
        faults.add(&r.at("expression"), "an expression over the metrics' names, got nothing");
    }
    let result = if parts.iter().any(|p| p.id == expression.trim()) {
        expression.trim().to_owned()
    } else {
        let source = QuerySource::Expression(expression);
        parts.push(QueryPart { id: RESULT_ID.into(), source });
        RESULT_ID.to_owned()
    };
    Some(LoadPolicy { query: MetricQuery { parts, result, period_secs: 60 }, healthy })
}

fn read_metric(path: &str, id: &str, value: &Value, faults: &mut Faults) -> Option<QueryPart> {
    let first = id.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !first || !rest || id == RESULT_ID {
        faults.add(path, "a name starts with a lower-case letter, then letters, digits, _");
    }
    let spec = parsed(path, value, faults, str::parse::<MetricSpec>)?;
    Some(QueryPart { id: id.to_owned(), source: QuerySource::Metric(spec) })
}

struct Day {
    starts: Option<Time>,
    floor: u32,
    days: BTreeSet<DayOfWeek>,
}

fn read_day(path: &str, table: &Table, faults: &mut Faults) -> Day {
    let r = Reader::open("fleet.day", path, table, faults);
    let given = r.list("days", faults, weekday);
    let weekdays = DayOfWeek::WORDS.into_iter().take(5).filter_map(DayOfWeek::parse);
    if table.contains_key("days") && given.is_empty() {
        faults.add(&r.at("days"), "at least one weekday is needed");
    }
    Day {
        starts: r.parsed("starts", faults, time),
        floor: r.whole("floor", faults),
        days: if given.is_empty() { weekdays.collect() } else { given.into_iter().collect() },
    }
}

struct Night {
    starts: Option<Time>,
    policy: NightPolicy,
    holidays: BTreeMap<Date, DayOfWeek>,
    exceptions: Vec<StayUp>,
}

fn read_night(path: &str, table: &Table, faults: &mut Faults) -> Night {
    let r = Reader::open("fleet.night", path, table, faults);
    let floor = r.whole("floor", faults);
    let headroom = r.number("headroom", faults);
    let holidays = r.table("holidays", faults).into_iter().flatten();
    let holidays = holidays.filter_map(|(date, v)| {
        let path = format!("{path}.holidays.{date}");
        let day = date.parse::<Date>().map_err(|e| faults.add(&path, e)).ok();
        let weekday = parsed(&path, v, faults, weekday);
        day.zip(weekday)
    });
    let holidays = holidays.collect();
    let exceptions = r.array("exceptions", faults).iter().enumerate();
    let exceptions = exceptions
        .filter_map(|(n, v)| read_stay_up(&format!("{path}.exceptions[{n}]"), v, faults))
        .collect();
    let starts = r.parsed("starts", faults, time);
    Night { starts, policy: NightPolicy { floor, headroom }, holidays, exceptions }
}

fn read_stay_up(path: &str, value: &Value, faults: &mut Faults) -> Option<StayUp> {
    let Value::Table(table) = value else {
        faults.add(path, format!("{{ stay_up_until, reason }}, got {value}"));
        return None;
    };
    for key in table.keys().filter(|k| !["stay_up_until", "reason"].contains(&k.as_str())) {
        faults.add(&format!("{path}.{key}"), "unknown key; known: stay_up_until, reason");
    }
    let reason = table.get("reason").and_then(Value::as_str).unwrap_or("no reason given");
    let Some(until) = table.get("stay_up_until") else {
        faults.add(&format!("{path}.stay_up_until"), "missing");
        return None;
    };
    let until = parsed(path, until, faults, str::parse::<DateTime>)?;
    Some(StayUp { until, reason: reason.to_owned() })
}

fn read_lower(path: &str, table: &Table, faults: &mut Faults) -> LowerPolicy {
    let r = Reader::open("fleet.lower", path, table, faults);
    LowerPolicy {
        step_percent: r.whole("step_percent", faults),
        bake: secs(r.whole("bake_secs", faults)),
        veto_alarms: r.list("veto_alarms", faults, |t| AlarmName::new(t)).into_iter().collect(),
    }
}

fn read_spikes(fleet: &Reader<'_>, faults: &mut Faults) -> Vec<SpikePolicy> {
    let mut seen = BTreeSet::new();
    let mut spikes = Vec::new();
    for (n, value) in fleet.array("spike", faults).iter().enumerate() {
        let path = format!("{}[{n}]", fleet.at("spike"));
        let Value::Table(table) = value else {
            faults.add(&path, format!("a table, got {value}"));
            continue;
        };
        let Some(spike) = read_spike(&path, table, faults) else { continue };
        if !seen.insert(spike.alarm.clone()) {
            faults.add(&path, format!("a second table for alarm {}", spike.alarm));
        }
        spikes.push(spike);
    }
    spikes
}

fn read_spike(path: &str, table: &Table, faults: &mut Faults) -> Option<SpikePolicy> {
    let r = Reader::open("fleet.spike", path, table, faults);
    let alarm = r.parsed("alarm", faults, |t| AlarmName::new(t));
    let min_magnitude = r.whole("min_magnitude", faults);
    let adjustment = match r.choice("adjustment", faults) {
        "percent" => Adjustment::Percent { min_magnitude },
        "exact" => Adjustment::Exact,
        _ => Adjustment::Change,
    };
    let steps = r.array("steps", faults).iter().enumerate();
    let steps: Vec<Step> =
        steps.filter_map(|(i, v)| read_step(&format!("{path}.steps[{i}]"), v, faults)).collect();
    let warmup = secs(r.whole("warmup_secs", faults));
    let stabilization = secs(r.whole("stabilization_secs", faults));
    let growth_10min_percent = r.whole("growth_10min_percent", faults);
    let growth_hour_percent = r.whole("growth_hour_percent", faults);
    let table = StepTable::new(adjustment, steps)
        .map_err(|found| found.iter().for_each(|f| faults.add(&r.at("steps"), f)))
        .ok();
    Some(SpikePolicy {
        alarm: alarm?,
        table: table?,
        warmup,
        stabilization,
        growth_10min_percent,
        growth_hour_percent,
    })
}

fn read_step(path: &str, value: &Value, faults: &mut Faults) -> Option<Step> {
    let Value::Table(table) = value else {
        faults.add(path, format!("{{ from, to, add }}, got {value}"));
        return None;
    };
    for key in table.keys().filter(|k| !["from", "to", "add"].contains(&k.as_str())) {
        faults.add(&format!("{path}.{key}"), "unknown key; known: from, to, add");
    }
    let from = bound(path, table.get("from"), faults);
    let to = bound(path, table.get("to"), faults);
    if from.is_none_or(|from| from < 0.0) {
        faults.add(path, "from 0 or above is needed: spikes only raise, lowering has its gate");
    }
    let add = table.get("add").and_then(Value::as_integer).and_then(|n| i32::try_from(n).ok());
    match add {
        Some(add) if (0..=100_000).contains(&add) => Some(Step { from, to, add }),
        _ => {
            faults.add(&format!("{path}.add"), "a whole number from 0 to 100000 is needed");
            None
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^52")]
fn bound(path: &str, value: Option<&Value>, faults: &mut Faults) -> Option<f64> {
    let value = value?;
    let number = value.as_float().or_else(|| value.as_integer().map(|n| n as f64));
    if number.is_none() {
        faults.add(path, format!("a bound is a number, got {value}"));
    }
    number
}
