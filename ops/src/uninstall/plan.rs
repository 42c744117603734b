//! What is to be done so that a group is as it was found: pure, from what was seen.

use super::Traces;
use std::fmt;
use tidegate_domain::group::Backstop;

/// What the operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Delete the backstop; it is kept otherwise, so that the mornings come.
    pub backstop: bool,
    /// `MinSize` to be, whatever is known.
    pub min: Option<u32>,
    /// Whether functions may still write.
    pub functions: Functions,
    /// Carry it out.
    pub yes: bool,
}

/// Whether functions may still write to the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Functions {
    /// Their schedules run.
    Running,
    /// Their schedules are disabled.
    Stopped,
    /// The stack is gone.
    Gone,
    /// Nobody knows.
    Unknown,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take our tags off the group.
    RemoveTags {
        /// Their names.
        names: Vec<String>,
    },
    /// Delete the scheduled action [`Backstop::NAME`].
    RemoveBackstop,
    /// Set `MinSize`.
    SetMin {
        /// What it is.
        from: u32,
        /// What it is to be.
        to: u32,
        /// Why this.
        why: String,
    },
    /// Empty the fleet's memory.
    Forget,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RemoveTags { names } => write!(f, "take off the tags {}", names.join(", ")),
            Self::RemoveBackstop => write!(f, "delete the scheduled action {}", Backstop::NAME),
            Self::SetMin { from, to, why } => write!(f, "set MinSize from {from} to {to}: {why}"),
            Self::Forget => f.write_str(
                "empty the fleet's memory but for the measured launches: attached again, it begins anew",
            ),
        }
    }
}

/// What is to be done, in this order, and what is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Steps.
    pub steps: Vec<Step>,
    /// What stays, a sentence each.
    pub leaves: Vec<String>,
    /// Why it must not be carried out now.
    pub refused: Option<String>,
}

/// The plan.
pub fn plan(traces: &Traces, ask: &Ask) -> Plan {
    let (mut steps, mut leaves) = (Vec::new(), Vec::new());
    let tags = traces.setup.group.tags.keys().filter(|name| name.starts_with(crate::TAGS));
    let names: Vec<String> = tags.cloned().collect();
    match (&traces.backstop, ask.backstop) {
        (Some(_), true) => steps.push(Step::RemoveBackstop),
        (Some(_), false) => leaves.push(format!(
            "the scheduled action {}: MinSize comes up every morning without Tidegate; \
             BACKSTOP=remove deletes it",
            Backstop::NAME
        )),
        (None, _) => {}
    }
    match min(traces, ask) {
        Ok(step) => steps.extend(step),
        Err(left) => leaves.push(left),
    }
    // The tags last but for the memory: a hold that somebody set holds until then.
    if !names.is_empty() {
        steps.push(Step::RemoveTags { names });
    }
    if remembers(traces) {
        steps.push(Step::Forget);
    }
    leaves.extend(stays(ask.functions));
    Plan { steps, leaves, refused: refused(ask.functions) }
}

/// What is remembered besides measured launches.
fn remembers(traces: &Traces) -> bool {
    let memory = &traces.memory.memory;
    traces.memory.version > 0 && (memory.applied_min.is_some() || memory.intent.is_some())
}

/// The step that gives `MinSize` back, if one is due; else why it stays.
fn min(traces: &Traces, ask: &Ask) -> Result<Option<Step>, String> {
    let sizes = traces.setup.group.sizes;
    let set = |to: u32, why: String| match to {
        to if to == sizes.min => Ok(None),
        to if to > sizes.max => {
            Err(format!("MinSize {}: {to} is above MaxSize {}", sizes.min, sizes.max))
        }
        to => Ok(Some(Step::SetMin { from: sizes.min, to, why })),
    };
    if let Some(min) = ask.min {
        return set(min, "as you ask (MIN)".to_owned());
    }
    let Some(applied) = applied(traces) else {
        return Ok(None);
    };
    if !applied.contains(&sizes.min) {
        let ours = applied.first().copied().unwrap_or_default();
        return Err(format!(
            "MinSize {}: somebody else set it, Tidegate had applied {ours}",
            sizes.min
        ));
    }
    match &traces.first {
        Some(first) if first.is_first_look() => match first.observed {
            Some(seen) => set(
                seen.min,
                format!("it was {} when Tidegate first looked, at {:.0}", seen.min, first.at),
            ),
            None => Err(unknown(sizes.min)),
        },
        _ => Err(unknown(sizes.min)),
    }
}

fn unknown(min: u32) -> String {
    format!(
        "MinSize {min}, which Tidegate set: the ledger no longer tells what it was; MIN=n sets it"
    )
}

/// What Tidegate wrote last: applied, or about to be; none when it never wrote.
fn applied(traces: &Traces) -> Option<Vec<u32>> {
    let memory = &traces.memory.memory;
    let intent = memory.intent.as_ref().map(|intent| intent.min);
    let backstop = traces.backstop.as_ref().and_then(|action| action.min);
    memory.applied_min.map(|min| [Some(min), intent, backstop].into_iter().flatten().collect())
}

fn stays(functions: Functions) -> Vec<String> {
    let mut left = Vec::new();
    if functions != Functions::Gone {
        left.push(
            "the stack with its functions, alarms and topics: sam delete --stack-name ..."
                .to_owned(),
        );
    }
    left.push(
        "the control table with policies, memory and ledger; it outlives the stack: aws dynamodb \
         delete-table --table-name ..."
            .to_owned(),
    );
    left.push(
        "desired capacity and MaxSize as they are; the functions' logs until they run out"
            .to_owned(),
    );
    left
}

fn refused(functions: Functions) -> Option<String> {
    match functions {
        Functions::Stopped | Functions::Gone => None,
        Functions::Running => Some(
            "the schedules are enabled, and the next tick would write again: deploy with \
             SchedulesState=DISABLED, or delete the stack (sam delete), and run this again"
                .to_owned(),
        ),
        Functions::Unknown => Some(
            "whether the functions still run is not known: --functions stopped or gone says so"
                .to_owned(),
        ),
    }
}
