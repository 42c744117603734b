//! `uninstall`: leaves a group as it was found. A plan first; it is carried out only when asked.
//!
//! What must stay true: nothing is written while the functions may still write; a `MinSize` that
//! somebody else set is left; `MaxSize` and desired capacity are never touched; a second run finds
//! nothing left to do.

mod plan;

pub use plan::{Ask, Functions, Plan, Step, plan};

use crate::words::{labelled, visible};
use crate::{Failure, Report};
use std::collections::BTreeSet;
use tidegate_domain::attach::{Attach, ScheduledAction, Setup};
use tidegate_domain::group::Backstop;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ledger::LedgerEntry;
use tidegate_domain::memory::Memory;
use tidegate_domain::ports::{Clock, Control, Groups, PortError, Stored, Versioned};

/// The labels' column.
const INDENT: usize = 10;

/// What was seen of the group and of what Tidegate knows of it.
#[derive(Debug, Clone)]
pub struct Traces {
    /// The group's name.
    pub fleet: FleetName,
    /// The group.
    pub setup: Setup,
    /// Our scheduled action.
    pub backstop: Option<ScheduledAction>,
    /// The memory.
    pub memory: Versioned,
    /// The ledger's first entry.
    pub first: Option<LedgerEntry>,
}

/// Looks at what there is.
///
/// # Errors
/// [`Failure::Input`] when there is no such group; [`Failure::Undone`] when something cannot be
/// read: nothing is taken off by half a look.
pub async fn look<W>(world: &W, fleet: &FleetName, place: &str) -> Result<Traces, Failure>
where
    W: Attach + Control,
{
    let Some(setup) = world.setup(fleet).await.map_err(undone)? else {
        return Err(Failure::Input(format!("there is no Auto Scaling group {fleet} {place}")));
    };
    let schedules = world.schedules(fleet).await.map_err(undone)?;
    let memory = world.load(fleet).await.map_err(undone)?;
    let first = world.first_entry(fleet).await.map_err(undone)?;
    let backstop = schedules.into_iter().find(|action| action.name == Backstop::NAME);
    Ok(Traces { fleet: fleet.clone(), setup, backstop, memory, first })
}

fn undone(error: PortError) -> Failure {
    Failure::Undone(error.to_string())
}

/// The plan, and with `ask.yes` what became of it.
///
/// # Errors
/// [`Failure::Undone`] when the plan must not be carried out, or when AWS refuses a step: those
/// before it are done, and the next run goes on.
pub async fn run<W>(world: &W, traces: &Traces, ask: &Ask) -> Result<Report, Failure>
where
    W: Attach + Clock + Control + Groups,
{
    let plan = plan(traces, ask);
    let mut text = page(traces, &plan);
    if plan.steps.is_empty() {
        text.push_str("\nnothing is left to do\n");
        return Ok(Report::of(text));
    }
    if let (true, Some(why)) = (ask.yes, &plan.refused) {
        return Err(Failure::Undone(format!("{text}\nnothing was changed: {why}")));
    }
    if !ask.yes {
        text.push_str("\nnothing was changed; YES=1 (--yes) does it\n");
        return Ok(Report::of(text));
    }
    for step in &plan.steps {
        carry_out(world, traces, step).await.map_err(|error| half_done(&text, step, &error))?;
    }
    text.push_str("\ndone\n");
    Ok(Report::of(text))
}

fn half_done(text: &str, step: &Step, error: &PortError) -> Failure {
    Failure::Undone(format!("{text}\nstopped at: {step}: {error}\nrun it again to go on"))
}

async fn carry_out<W>(world: &W, traces: &Traces, step: &Step) -> Result<(), PortError>
where
    W: Attach + Clock + Control + Groups,
{
    let fleet = &traces.fleet;
    match step {
        Step::RemoveTags { names } => {
            let names: BTreeSet<String> = names.iter().cloned().collect();
            world.remove_tags(fleet, &names).await
        }
        Step::RemoveBackstop => world.remove_backstop(fleet).await,
        Step::SetMin { to, .. } => world.set_min(fleet, *to).await,
        Step::Forget => forget(world, traces).await,
    }
}

/// Empties the memory but for the measured launches: attaching again is a first meeting.
async fn forget<W: Clock + Control>(world: &W, traces: &Traces) -> Result<(), PortError> {
    let Versioned { memory, version } = &traces.memory;
    let kept = Memory { launches: memory.launches.clone(), ..Memory::default() };
    match world.store(&traces.fleet, *version, &kept, &world.token()).await? {
        Stored::Version(_) => Ok(()),
        Stored::Conflict => Err(PortError::Refused {
            call: "PutItem (memory)",
            why: "a function wrote the memory meanwhile: they are not stopped".to_owned(),
        }),
    }
}

fn page(traces: &Traces, plan: &Plan) -> String {
    let sizes = traces.setup.group.sizes;
    let mut out = format!(
        "{}: MinSize {}, desired {}, MaxSize {}\n\n",
        visible(traces.fleet.as_str()),
        sizes.min,
        sizes.desired,
        sizes.max
    );
    for step in &plan.steps {
        out.push_str(&labelled("  will", INDENT, &visible(&step.to_string())));
    }
    for left in &plan.leaves {
        out.push_str(&labelled("  leaves", INDENT, &visible(left)));
    }
    if let Some(why) = &plan.refused {
        out.push_str(&labelled("  first", INDENT, &visible(why)));
    }
    out
}
