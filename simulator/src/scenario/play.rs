//! Playing a script: time goes on minute by minute, and the functions are woken as the template
//! wakes them.
//!
//! At second 0 what the script says happens, then alarms that changed call the spike function
//! (once for each change), then, every five minutes of the local clock, the night's and the day's
//! functions run; the tick comes at second 10. EventBridge Scheduler runs a cron once in an hour
//! that the clock repeats, so those two rest through its second pass; the tick goes by rate. Lambda tries a failed
//! event again after one minute and after two more.

use super::script::{Event, Happening, Script};
use super::stage;
use super::sums::{Sums, Tally};
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::cycle::{CycleError, Planner, Run, cycle_planned_by};
use tidegate_domain::decide::decide;
use tidegate_domain::duty::{Duty, holding};
use tidegate_domain::group::{Activity, ActivityKind, ActivityResult, Sizes};
use tidegate_domain::ids::AlarmName;
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use tidegate_domain::metrics::AlarmState;
use tidegate_domain::notice::Notice;
use tidegate_domain::policy::{FleetPolicy, Policy};
use tidegate_domain::ports::Clock as _;
use tidegate_domain::reason::Reason;
use tidegate_domain::signal::{AlarmChange, Cause, Schedule, Wake};
use tidegate_fakes::{FakeAws, SizeChange, Writer, block_on};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// The tick comes so long after the minute begins.
const TICK: SignedDuration = SignedDuration::from_secs(10);
/// Minutes between the night's and the day's wake-ups.
const CRON_MINUTES: i8 = 5;
/// The functions' timeout.
const TIME_LEFT: SignedDuration = SignedDuration::from_secs(50);
/// How long the ledger keeps an entry: the template's default.
const LEDGER_LIFE: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Waits before Lambda's second and third try.
const RETRIES: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_mins(2)];

/// What was seen of a script.
#[derive(Debug, Clone)]
pub struct Played {
    /// What happened and what was decided, in order.
    pub lines: Vec<Line>,
    /// The sums.
    pub sums: Sums,
    /// Decisions that the invariants refused.
    pub refused: Vec<LedgerEntry>,
}

/// Something at a time.
#[derive(Debug, Clone)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What a line is about.
#[derive(Debug, Clone)]
pub enum What {
    /// The script's words.
    Happens(String),
    /// An alarm changed its state.
    Alarm(AlarmName, AlarmState, Option<f64>),
    /// Somebody else than Tidegate changed the sizes.
    Resized(SizeChange),
    /// Launches failed in these zones.
    LaunchesFailed(BTreeSet<String>, String),
    /// A decision, and the sizes after it.
    Decided(Box<LedgerEntry>, Sizes),
    /// A message to people.
    Told(Notice),
    /// A function's runs begin to fail.
    Fails(&'static str, String),
    /// A function's runs succeed again, after so many that failed.
    Recovers(&'static str, u32),
}

impl What {
    /// Of one instant: first what people and AWS do, then what is decided, then what comes of it.
    fn rank(&self) -> u8 {
        match self {
            Self::Happens(_) => 0,
            Self::Resized(_) => 1,
            Self::LaunchesFailed(..) => 3,
            _ => 2,
        }
    }
}

/// Plays a script to its end.
///
/// # Errors
/// What AWS refuses of it, in words.
pub fn play(script: &Script) -> Result<Played, String> {
    play_planned_by(&decide, script)
}

/// As [`play`], with another planner: a deliberately wrong one, which the invariants must stop.
///
/// # Errors
/// As [`play`].
pub fn play_planned_by(planner: &Planner<'_>, script: &Script) -> Result<Played, String> {
    let policy = script.fleet_policy().ok_or("the policy does not know the fleet")?;
    let aws = stage::build(script, policy).map_err(|error| format!("the group: {error}"))?;
    let mut player = Player::new(planner, script, policy, &aws);
    let mut minute = script.from;
    while minute < script.until {
        player.minute(minute)?;
        minute = minute.checked_add(MINUTE).map_err(|error| error.to_string())?;
    }
    aws.set_now(script.until);
    player.tally.minute(&aws, script.until);
    Ok(player.end())
}

/// An event that Lambda tries again.
struct Retry {
    at: Timestamp,
    duty: Duty,
    wake: Wake,
    tries: usize,
}

struct Player<'s> {
    planner: &'s Planner<'s>,
    script: &'s Script,
    rules: &'s FleetPolicy,
    aws: &'s FakeAws,
    /// The policy that each function last used.
    policies: BTreeMap<&'static str, Policy>,
    dead_until: Option<Timestamp>,
    retries: Vec<Retry>,
    failures: BTreeMap<&'static str, u32>,
    lines: Vec<Line>,
    refused: Vec<LedgerEntry>,
    tally: Tally<'s>,
    next_event: usize,
    /// Notices that were shown.
    notices: usize,
}

impl<'s> Player<'s> {
    fn new(
        planner: &'s Planner<'s>,
        script: &'s Script,
        rules: &'s FleetPolicy,
        aws: &'s FakeAws,
    ) -> Self {
        let duties = [Duty::Night, Duty::Day, Duty::Spike];
        Self {
            planner,
            script,
            rules,
            aws,
            policies: duties.map(|duty| (duty.function(), script.policy.clone())).into(),
            dead_until: None,
            retries: Vec::new(),
            failures: BTreeMap::new(),
            lines: Vec::new(),
            refused: Vec::new(),
            tally: Tally::new(script, rules, aws),
            next_event: 0,
            notices: 0,
        }
    }

    fn minute(&mut self, minute: Timestamp) -> Result<(), String> {
        self.aws.set_now(minute);
        self.tally.minute(self.aws, minute);
        self.happen(minute)?;
        self.alarms(minute);
        self.retry(minute);
        if self.is_cron_minute(minute) {
            let at = Some(minute);
            self.wake(Duty::Night, Cause::Schedule { named: Some(Schedule::Night), at });
            self.wake(Duty::Day, Cause::Schedule { named: Some(Schedule::Day), at });
        }
        let tick = minute.saturating_add(TICK).unwrap_or(minute);
        self.aws.set_now(tick);
        self.retry(tick);
        let at = Some(minute);
        self.wake(Duty::Spike, Cause::Schedule { named: Some(Schedule::Tick), at });
        self.tally.look(self.aws);
        Ok(())
    }

    /// What the script says of this minute.
    fn happen(&mut self, minute: Timestamp) -> Result<(), String> {
        while let Some(next) = self.script.events.get(self.next_event).filter(|e| e.at <= minute) {
            let Happening { line, event, words, .. } = next;
            stage::happen(self.aws, self.script, event)
                .map_err(|error| format!("line {line}: {error}"))?;
            if let Event::FunctionsDead(until) = event {
                self.dead_until = Some(*until);
            }
            self.lines.push(Line { at: minute, what: What::Happens(words.clone()) });
            self.next_event += 1;
        }
        Ok(())
    }

    /// Each change of an alarm is seen; a spike alarm's calls the spike function, once.
    fn alarms(&mut self, at: Timestamp) {
        for change in self.aws.take_alarm_changes() {
            let alarm = change.alarm;
            let what = What::Alarm(alarm.name.clone(), alarm.state, change.value);
            self.lines.push(Line { at: change.at, what });
            let calls = alarm.state != AlarmState::InsufficientData
                && self.rules.spikes.iter().any(|spike| spike.alarm == alarm.name);
            if calls {
                let value = change.value;
                let (alarm, state, threshold) = (alarm.name, alarm.state, alarm.threshold);
                let change = AlarmChange { alarm, state, at, value, threshold };
                self.wake(Duty::Spike, Cause::Alarms(vec![change]));
            }
        }
    }

    /// Every five minutes of the local clock, once where the clock repeats an hour.
    fn is_cron_minute(&self, minute: Timestamp) -> bool {
        let zone = &self.rules.calendar.zone;
        let local = minute.to_zoned(zone.clone()).datetime();
        let found = zone.to_ambiguous_timestamp(local);
        let fold = matches!(found.offset(), AmbiguousOffset::Fold { .. });
        let second_pass = fold && found.later().is_ok_and(|later| later == minute);
        local.minute() % CRON_MINUTES == 0 && !second_pass
    }

    fn wake(&mut self, duty: Duty, cause: Cause) {
        let fleets = BTreeSet::from([self.script.fleet.clone()]);
        self.invoke(duty, Wake { cause, dry_run: false, fleets }, 0);
    }

    fn retry(&mut self, now: Timestamp) {
        let all = std::mem::take(&mut self.retries);
        let (due, later): (Vec<_>, Vec<_>) = all.into_iter().partition(|retry| retry.at <= now);
        self.retries = later;
        for Retry { duty, wake, tries, .. } in due {
            self.invoke(duty, wake, tries);
        }
    }

    /// One invocation, as the functions serve it.
    fn invoke(&mut self, duty: Duty, wake: Wake, tries: usize) {
        let now = self.aws.now();
        if self.dead_until.is_some_and(|until| now < until) {
            return;
        }
        let world = self.aws.new_run();
        world.set_time_left(TIME_LEFT);
        let Some(last) = self.policies.get(duty.function()) else { return };
        let holding = block_on(holding(&world, last));
        let Ok(plan) = duty.plan(&wake, &holding.policy) else { return };
        let mut failed = false;
        for (fleet, signal) in plan.runs {
            let Some(policy) = holding.policy.fleets.get(&fleet) else { continue };
            let run = Run {
                function: duty.function(),
                fleet: &fleet,
                policy,
                signal,
                dry_run: holding.policy.dry_run,
                policy_fault: holding.fault.clone(),
                ledger_life: LEDGER_LIFE,
            };
            let done = block_on(cycle_planned_by(self.planner, &world, &run));
            failed |= done.is_err();
            self.note(now, duty, done);
        }
        let wait = RETRIES.get(tries).filter(|_| failed);
        if let Some(at) = wait.and_then(|wait| now.checked_add(*wait).ok()) {
            self.retries.push(Retry { at, duty, wake, tries: tries + 1 });
        }
        self.policies.insert(duty.function(), holding.policy);
    }

    /// Notes what became of a run.
    fn note(&mut self, at: Timestamp, duty: Duty, done: Result<LedgerEntry, CycleError>) {
        let function = duty.function();
        let (entry, error) = match done {
            Ok(entry) => (Some(entry), None),
            Err(failed) => (failed.entry.map(|entry| *entry), Some(failed.error)),
        };
        self.tally.ran(entry.as_ref(), error.is_some());
        // A run that rests between two calls that fail says nothing of the next one.
        let rests = |entry: &LedgerEntry| matches!(entry.reason, Reason::ControlPlaneDown { .. });
        let rests = entry.as_ref().is_some_and(rests);
        if let Some(entry) = entry {
            if entry.outcome == OutcomeWord::Refused {
                self.refused.push(entry.clone());
            }
            let after = self.aws.sizes(&self.script.fleet);
            let after = after.unwrap_or(Sizes { min: 0, max: 0, desired: 0 });
            self.lines.push(Line { at, what: What::Decided(Box::new(entry), after) });
        }
        let sent = self.aws.published();
        let new = sent.iter().skip(self.notices);
        let told = new.map(|sent| Line { at: sent.at, what: What::Told(sent.notice.clone()) });
        self.lines.extend(told);
        self.notices = sent.len();
        if !rests {
            self.note_failures(at, function, error.map(|error| error.to_string()));
        }
    }

    /// Runs that fail are told when they begin to and when it is over.
    fn note_failures(&mut self, at: Timestamp, function: &'static str, error: Option<String>) {
        let failed = self.failures.entry(function).or_default();
        let over = error.is_none().then(|| std::mem::take(failed)).filter(|failed| *failed > 0);
        let what = match (error, over) {
            (Some(error), _) => {
                *failed += 1;
                (*failed == 1).then_some(What::Fails(function, error))
            }
            (None, over) => over.map(|failed| What::Recovers(function, failed)),
        };
        self.lines.extend(what.map(|what| Line { at, what }));
    }

    /// Puts together what was seen, in the order of time.
    fn end(self) -> Played {
        let Self { script, aws, mut lines, refused, tally, .. } = self;
        let kept = aws.ledger_of(&script.fleet);
        let kept: BTreeSet<&str> = kept.iter().map(|entry| entry.id.as_str()).collect();
        // What is kept nowhere and changed nothing is not told: no person could see it.
        lines.retain(|line| match &line.what {
            What::Decided(entry, _) => {
                kept.contains(entry.id.as_str()) || entry.action != ActionRecord::Hold
            }
            _ => true,
        });
        let since = |at: &Timestamp| *at >= script.from;
        let changes = aws.size_changes(&script.fleet).into_iter();
        let others = changes.filter(|c| c.by != Writer::Tidegate && since(&c.at));
        let resized = others.map(|change| Line { at: change.at, what: What::Resized(change) });
        let activities = aws.activities(&script.fleet);
        let failed = failed_launches(&activities).into_iter().filter(|line| since(&line.at));
        let mut all: Vec<Line> = resized.chain(lines).chain(failed).collect();
        all.sort_by_key(|line| (line.at, line.what.rank()));
        Played { lines: all, sums: tally.sums(aws), refused }
    }
}

/// Failed launches, those of one instant and one cause together.
fn failed_launches(activities: &[Activity]) -> Vec<Line> {
    let mut found: BTreeMap<(Timestamp, &str), BTreeSet<String>> = BTreeMap::new();
    let failed = activities
        .iter()
        .filter(|a| a.kind == ActivityKind::Launch && a.result == ActivityResult::Failed);
    for activity in failed {
        let zones = found.entry((activity.started, activity.message.as_str())).or_default();
        zones.extend(activity.zone.clone());
    }
    let line = |((at, words), zones): ((Timestamp, &str), BTreeSet<String>)| Line {
        at,
        what: What::LaunchesFailed(zones, words.to_owned()),
    };
    found.into_iter().map(line).collect()
}
