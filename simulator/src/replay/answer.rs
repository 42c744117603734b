//! The command: from files to a rehearsal, and from a rehearsal to what is shown.

use super::against::{Against, wrought};
use super::args::Replay;
use super::drive::{Attached, Driven, Setup, Stopped, drive};
use super::found::{PolicyRun, Rehearsal, RuleTold, Told};
use super::{bill, json, span, table};
use crate::plant::{Spec, oracle_hours};
use crate::trace::{self, Trace};
use crate::world::faults::{self, Fault};
use crate::{Failure, Report};
use std::sync::{Arc, Mutex, PoisonError};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::{ActionRecord, LedgerEntry, OutcomeWord};
use tidegate_domain::policy::{FleetPolicy, Policy, SizingMode, SizingPolicy};

/// A trace is scored from here on, if it is longer than [`LONG_MINUTES`].
const LEARNING_MINUTES: usize = 2 * 1440;
const LONG_MINUTES: usize = 4 * 1440;

/// The files that the arguments name, read.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// The trace.
    pub trace: Vec<u8>,
    /// Its name, for people.
    pub name: String,
    /// The policy document.
    pub policy: Option<String>,
    /// The scripted faults.
    pub faults: Option<String>,
}

/// What a replay has to say.
#[derive(Debug, Clone)]
pub struct Answer {
    /// For stdout and stderr.
    pub report: Report,
    /// What people should know of the trace, for stderr.
    pub notes: Vec<String>,
    /// What was found; none when a decision broke an invariant.
    pub found: Option<Rehearsal>,
}

/// Rehearses; `progress` is told each policy by name and each minute that it reaches.
///
/// # Errors
/// [`Failure::Input`] with every fault of a file or of the arguments.
pub fn answer(
    args: &Replay,
    files: &Files,
    progress: &mut dyn FnMut(&str, usize),
) -> Result<Answer, Failure> {
    let read = trace::read(&files.trace, &args.rules).map_err(|fault| input(&fault.to_string()))?;
    let trace = cut(read.trace, args)?;
    let setup = setup(args, files, &trace)?;
    let run = match tidegate(&setup, args, &mut |minute| progress("Tidegate", minute)) {
        Ok(run) => run,
        Err(Stopped::Group(error)) => return Err(input(&error.to_string())),
        Err(stopped) => {
            let differences = vec![format!("a decision broke an invariant: {stopped}")];
            let report = Report { differences, ..Report::default() };
            return Ok(Answer { report, notes: read.notes, found: None });
        }
    };
    let found = rehearsal(args, files, (&setup, run), progress)?;
    let shown = args.against.contains(&Against::Oracle);
    let text =
        if args.json { format!("{:#}\n", json::of(&found)) } else { table::words(&found, shown) };
    let report = Report { text, ..Report::default() };
    Ok(Answer { report, notes: read.notes, found: Some(found) })
}

fn input(why: &str) -> Failure {
    Failure::Input(why.to_owned())
}

fn cut(mut trace: Trace, args: &Replay) -> Result<Trace, Failure> {
    let Some(to) = &args.to else { return Ok(trace) };
    let end = span::minute(to, &trace).map_err(|why| input(&format!("--to: {why}")))?;
    if end == 0 {
        return Err(input("--to: nothing is left of the trace"));
    }
    trace.loads.truncate(end);
    trace.hidden.retain(|minute| *minute < end);
    Ok(trace)
}

fn setup<'t>(args: &Replay, files: &Files, trace: &'t Trace) -> Result<Setup<'t>, Failure> {
    let (fleet, policy) = fleet(args, files, trace)?;
    let mut spec = Spec::of(trace, policy.capacity_per_instance, policy.min);
    spec.boot_secs = u64::try_from(policy.boot.as_secs()).unwrap_or(180);
    spec.max = args.max.unwrap_or(spec.max.max(policy.day_floor).max(policy.night.floor));
    if spec.max < spec.min {
        return Err(input(&format!("--max: below the policy's min of {}", spec.min)));
    }
    for rule in &args.alarm {
        if !policy.alarm_names().contains(&rule.name) {
            return Err(input(&format!("--alarm: the policy names no alarm {}", rule.name)));
        }
    }
    Ok(Setup {
        trace,
        spec,
        scored_from: scored_from(args, trace)?,
        fleet,
        policy,
        alarms: args.alarm.clone(),
        faults: script(files, trace)?,
        attached: args.attached.as_deref().map(|word| match word {
            "tracking" => Attached { target: 50.0, scale_in: true },
            _ => Attached { target: 70.0, scale_in: false },
        }),
        skips_quiet: true,
    })
}

fn scored_from(args: &Replay, trace: &Trace) -> Result<usize, Failure> {
    let minutes = trace.loads.len();
    match &args.from {
        None => Ok(if minutes > LONG_MINUTES { LEARNING_MINUTES } else { 0 }),
        Some(from) => match span::minute(from, trace) {
            Ok(minute) if minute < minutes => Ok(minute),
            Ok(_) => Err(input("--from: nothing is left of the trace")),
            Err(why) => Err(input(&format!("--from: {why}"))),
        },
    }
}

fn script(files: &Files, trace: &Trace) -> Result<Vec<Fault>, Failure> {
    let Some(text) = &files.faults else { return Ok(Vec::new()) };
    let told = |wrong: Vec<String>| {
        let count = wrong.len();
        input(&format!("the script has {count} fault(s) of its own:\n  {}", wrong.join("\n  ")))
    };
    faults::read(text, trace).map_err(told)
}

fn fleet(args: &Replay, files: &Files, trace: &Trace) -> Result<(FleetName, FleetPolicy), Failure> {
    let document = match &files.policy {
        Some(document) => document.clone(),
        None => plain(trace.mean() / 10.0),
    };
    let policy = Policy::parse(&document).map_err(|faults| input(&faults.to_string()))?;
    let names: Vec<String> = policy.fleets.keys().map(ToString::to_string).collect();
    let known = names.join(", ");
    let mut fleets = policy.fleets.into_iter();
    let found = match &args.fleet {
        Some(wanted) => fleets.find(|(name, _)| name.as_str() == wanted),
        None if names.len() > 1 => return Err(input(&format!("--fleet: one of {known}"))),
        None => fleets.next(),
    };
    let (name, mut policy) = found.ok_or_else(|| input(&format!("--fleet: one of {known}")))?;
    dialled(args, &mut policy);
    Ok((name, policy))
}

/// The dials of the arguments over those of the policy.
fn dialled(args: &Replay, policy: &mut FleetPolicy) {
    let sizing = &mut policy.sizing;
    sizing.mode = args.sizing.unwrap_or(sizing.mode);
    sizing.dial = args.sla.unwrap_or(sizing.dial);
}

/// The policy without a document: nothing above the minimum, an instance that serves so much.
fn plain(capacity: f64) -> String {
    format!(
        "version = 1\n[fleets.fleet]\nmin = 2\ntime_zone = \"UTC\"\n\
         load = {{ expression = \"load\", metrics = {{ load = \"Trace Load Sum\" }} }}\n\
         capacity_per_instance = {:?}\ncapacity_confirmed = true\nboot_secs = 180\n\
         sizing = \"on\"\n\
         day = {{ starts = \"08:00\", floor = 2 }}\n\
         night = {{ starts = \"22:00\", floor = 2 }}\n",
        capacity.max(1e-9)
    )
}

/// What the sink collects.
#[derive(Debug, Default)]
struct Collected {
    decisions: Vec<Told>,
    rules: Vec<RuleTold>,
    /// The rule that was told last.
    rule: String,
}

impl Collected {
    fn take(&mut self, second: u64, entry: &LedgerEntry) {
        self.decisions.push(decision(second, entry));
        let Some(sizing) = &entry.sizing else { return };
        if sizing.rule != self.rule {
            self.rule.clone_from(&sizing.rule);
            let minute = usize::try_from(second / 60).unwrap_or(usize::MAX);
            self.rules.push(RuleTold { minute, text: sizing.text.clone() });
        }
    }
}

fn tidegate(
    setup: &Setup<'_>,
    args: &Replay,
    progress: &mut dyn FnMut(usize),
) -> Result<PolicyRun, Stopped> {
    let told = Arc::new(Mutex::new(Collected::default()));
    let sink = {
        let told = Arc::clone(&told);
        Box::new(move |second: u64, entry: &LedgerEntry| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.take(second, entry);
        })
    };
    let driven = drive(setup, sink, progress)?;
    let told = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
    let hours = setup.trace.loads.len() as f64 / 60.0;
    let bill = bill::of(&driven, hours);
    let Driven { outcome, minutes, mode, .. } = driven;
    Ok(PolicyRun {
        name: name(&setup.policy.sizing),
        mode,
        outcome,
        minutes: if args.report.is_some() { wrought(&minutes) } else { Vec::new() },
        decisions: told.decisions,
        rules: told.rules,
        bill: Some(bill),
    })
}

fn name(sizing: &SizingPolicy) -> String {
    match sizing.mode {
        SizingMode::Off => "Tidegate, sizing off".to_owned(),
        SizingMode::Advise => "Tidegate, sizing advises".to_owned(),
        SizingMode::On => format!("Tidegate, sizing on, {}", sizing.dial),
    }
}

/// An entry of the ledger in short.
fn decision(second: u64, entry: &LedgerEntry) -> Told {
    let from = entry.observed.map_or(0, |seen| seen.desired);
    let applied = entry.outcome == OutcomeWord::Applied;
    let to = match entry.action {
        ActionRecord::Raise { min } if applied => from.max(min),
        ActionRecord::Lower { desired: Some(desired), .. } if applied => desired,
        _ => from,
    };
    Told { second, from, to, code: entry.reason.code(), text: entry.text.clone() }
}

fn rehearsal(
    args: &Replay,
    files: &Files,
    (setup, run): (&Setup<'_>, PolicyRun),
    progress: &mut dyn FnMut(&str, usize),
) -> Result<Rehearsal, Failure> {
    let zone = &setup.policy.calendar.zone;
    let mut runs = vec![run];
    for against in &args.against {
        progress(&against.to_string(), 0);
        let run = against.run(setup, zone).map_err(|error| input(&error.to_string()))?;
        runs.extend(run.map(|mut run| {
            if args.report.is_none() {
                run.minutes = Vec::new();
            }
            run
        }));
    }
    Ok(Rehearsal {
        trace: files.name.clone(),
        fleet: setup.spec,
        first: setup.trace.first,
        loads: setup.trace.loads.clone(),
        scored_from: setup.scored_from,
        oracle_hours: oracle_hours(setup.trace, &setup.spec, setup.scored_from),
        price: args.price,
        time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        runs,
    })
}
