//! `status`: how each fleet stands, gathered from the group, its memory, the policy in
//! force and the ledger. Nothing is decided here.

mod text;

pub(crate) use text::bid;

use crate::{Failure, Report, TAGS, View};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tidegate_domain::bid::Bid;
use tidegate_domain::calendar::DayWindow;
use tidegate_domain::decide::schedule::lead;
use tidegate_domain::duty::{Holding, holding};
use tidegate_domain::group::{Group, Mode};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::memory::Memory;
use tidegate_domain::policy::{FleetPolicy, Policy};
use tidegate_domain::ports::{Control, Groups, PortResult, Versioned};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// These fleets; every one of the policy when empty.
    pub fleets: &'a [FleetName],
    /// The template's policy, which holds until one is stored; none when it is not known.
    pub seed: Option<&'a Policy>,
    /// What counts as now.
    pub now: Timestamp,
    /// Where it is read, for people.
    pub place: &'a str,
}

/// How everything stands.
#[derive(Debug, Clone)]
pub struct Status {
    now: Timestamp,
    place: String,
    holding: Holding,
    fleets: Vec<Fleet>,
}

/// How one fleet stands; what could not be read says why.
#[derive(Debug, Clone)]
struct Fleet {
    name: FleetName,
    policy: Option<FleetPolicy>,
    group: PortResult<Option<Group>>,
    memory: PortResult<Versioned>,
    last: PortResult<Option<LedgerEntry>>,
}

/// Gathers how the fleets stand. A fleet that cannot be read does not hide the others.
///
/// # Errors
/// [`Failure::Input`] when no fleet is named and none is known, [`Failure::Undone`] when none
/// is known because the policies could not be read.
pub async fn gather<W: Control + Groups>(
    world: &W,
    question: &Question<'_>,
) -> Result<Status, Failure> {
    let unknown = Policy { dry_run: false, fleets: std::collections::BTreeMap::new() };
    let holding = holding(world, question.seed.unwrap_or(&unknown)).await;
    let known = holding.policy.fleets.keys();
    let names: Vec<&FleetName> = match question.fleets {
        [] => known.collect(),
        named => named.iter().collect(),
    };
    if names.is_empty() {
        return Err(no_fleet(&holding, question.place));
    }
    let mut fleets = Vec::new();
    for name in names {
        fleets.push(look(world, name, holding.policy.fleets.get(name)).await);
    }
    Ok(Status { now: question.now, place: question.place.to_owned(), holding, fleets })
}

fn no_fleet(holding: &Holding, place: &str) -> Failure {
    match &holding.fault {
        Some(fault) => Failure::Undone(fault.clone()),
        None => Failure::Input(format!(
            "no policy is stored in {place}, so the functions run by the template's own, which \
             only they know: name a fleet with --fleet, or put that document into \
             TIDEGATE_SEED_POLICY"
        )),
    }
}

async fn look<W: Control + Groups>(
    world: &W,
    name: &FleetName,
    policy: Option<&FleetPolicy>,
) -> Fleet {
    Fleet {
        name: name.clone(),
        policy: policy.cloned(),
        group: world.describe(name).await,
        memory: world.load(name).await,
        last: world.ledger(name, 1).await.map(|entries| entries.into_iter().next()),
    }
}

impl Status {
    /// As a table for people, followed by what there is to know of each fleet.
    pub fn table(&self) -> Report {
        Report { text: text::page(self), notes: Vec::new(), troubles: self.troubles() }
    }

    /// As JSON.
    pub fn json(&self) -> Report {
        let fleets: Vec<Value> = self.fleets.iter().map(|fleet| fleet.json(self.now)).collect();
        let value = json!({
            "at": self.now,
            "place": self.place,
            "policy": {
                "version": self.holding.version,
                "dry_run": self.holding.policy.dry_run,
                "fault": self.holding.fault,
            },
            "fleets": fleets,
        });
        Report { text: format!("{value:#}\n"), notes: Vec::new(), troubles: self.troubles() }
    }

    fn troubles(&self) -> Vec<String> {
        let policy = self.holding.fault.iter().map(|fault| format!("policy: {fault}"));
        let fleets = self.fleets.iter().flat_map(|fleet| {
            fleet.troubles().into_iter().map(|what| format!("{}: {what}", fleet.name))
        });
        policy.chain(fleets).collect()
    }
}

impl Fleet {
    fn troubles(&self) -> Vec<String> {
        let missing = matches!(self.group, Ok(None));
        let missing = missing.then(|| "there is no such Auto Scaling group".to_owned());
        let failed =
            [self.group.as_ref().err(), self.memory.as_ref().err(), self.last.as_ref().err()];
        failed.into_iter().flatten().map(ToString::to_string).chain(missing).collect()
    }

    fn group(&self) -> Option<&Group> {
        self.group.as_ref().ok()?.as_ref()
    }

    /// The memory; none before the fleet's first run.
    fn memory(&self) -> Option<&Memory> {
        self.memory.as_ref().ok().filter(|v| v.version > 0).map(|v| &v.memory)
    }

    fn last(&self) -> Option<&LedgerEntry> {
        self.last.as_ref().ok()?.as_ref()
    }

    /// The mode as a decision last read it.
    fn mode(&self) -> Option<Mode> {
        let remembered = self.memory().and_then(|m| m.mode).map(|seen| seen.mode);
        remembered.or_else(|| self.last().and_then(|entry| entry.mode))
    }

    fn view(&self, now: Timestamp) -> View {
        let zone = self.policy.as_ref().map_or(TimeZone::UTC, |p| p.calendar.zone.clone());
        View::new(zone, now)
    }

    /// Where `now` lies in the policy's calendar, the lead before a day counted as that day.
    fn window(&self, now: Timestamp) -> Option<Window> {
        let policy = self.policy.as_ref()?;
        let moment = policy.calendar.at(now);
        Some(match moment.day_or_lead(now, self.lead()?) {
            Some(day) => Window::Day(day, policy.day_floor),
            None => Window::Night(moment.next, policy.night.floor),
        })
    }

    /// How long before the day its capacity is asked for.
    fn lead(&self) -> Option<SignedDuration> {
        let first = Memory::default();
        Some(lead(self.policy.as_ref()?, self.memory().unwrap_or(&first)))
    }

    /// The stored bids that stand, and the last decision's others: the schedule's and the
    /// operator's are made anew by every decision.
    fn bids(&self, now: Timestamp) -> Vec<Bid> {
        let stored = self.memory().into_iter().flat_map(|m| m.bids.iter());
        let mut bids: Vec<Bid> = stored.cloned().collect();
        let told = self.last().into_iter().flat_map(|entry| entry.bids.iter());
        let others = told.filter(|bid| !bids.iter().any(|b| b.source == bid.source)).cloned();
        let others: Vec<Bid> = others.collect();
        bids.extend(others);
        bids.retain(|bid| bid.is_live(now));
        bids.sort_by_key(|bid| std::cmp::Reverse(bid.floor));
        bids
    }

    /// The operator's tags on the group.
    fn tags(&self) -> Vec<(&str, &str)> {
        let tags = self.group().into_iter().flat_map(|group| &group.tags);
        let ours = tags.filter(|(name, _)| name.starts_with(TAGS));
        ours.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn json(&self, now: Timestamp) -> Value {
        let memory = self.memory();
        let launches = memory.map(|m| m.launches.iter().map(|l| l.secs).collect::<Vec<_>>());
        json!({
            "fleet": self.name,
            "in_policy": self.policy.is_some(),
            "mode": self.mode(),
            "group": self.group().map(|group| json!({
                "min": group.sizes.min,
                "desired": group.sizes.desired,
                "max": group.sizes.max,
                "in_service": group.in_service(),
                "serving": group.serving(),
                "pending": group.pending(),
                "suspended": group.suspended,
            })),
            "holds": self.tags().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            "bids": self.bids(now),
            "memory_version": self.memory.as_ref().ok().map(|v| v.version),
            "applied_min": memory.and_then(|m| m.applied_min),
            "operator_min": memory.and_then(|m| m.operator_min),
            "intent": memory.and_then(|m| m.intent.as_ref()),
            "last_lowering": memory.and_then(|m| m.last_lowering),
            "no_lowering_until": memory.and_then(|m| m.no_lowering_until).filter(|t| now < *t),
            "in_the_way_since": memory.map(|m| &m.since),
            "launch_secs": launches,
            "lead_secs": self.lead().map(|lead| lead.as_secs()),
            "forecast": memory.and_then(|m| m.forecast),
            "last_decision": self.last(),
            "errors": self.troubles(),
        })
    }
}

/// Day or night, with the schedule's floor.
enum Window {
    /// It is day, or its capacity is being prepared.
    Day(DayWindow, u32),
    /// It is night until the next day, if one comes within two weeks.
    Night(Option<DayWindow>, u32),
}
