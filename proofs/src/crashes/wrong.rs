//! Deliberately wrong planners, each the right one with one mistake: what the proofs must
//! catch.

use tidegate_domain::cycle::Planner;
use tidegate_domain::decide::{Action, Decision, Inputs, decide};
use tidegate_domain::memory::{Intent, Memory};
use tidegate_domain::reason::Reason;

/// Every one, with its mistake.
pub static ALL: [(&str, &Planner<'static>); 3] = [
    ("steps relative to what is desired", &relative),
    ("remembers nothing", &forgetful),
    ("does not look at the intent of a run that died", &blind_to_intents),
];

/// Steps from what is desired now instead of from the capacity without what is warming up:
/// every wake-up in a breach adds to the one before.
pub fn relative(i: &Inputs<'_>) -> Decision {
    let mut decision = decide(i);
    let sizes = i.observation.group.sizes;
    if let (Action::Hold, Reason::SpikeWarming { .. }) = (&decision.action, &decision.reason) {
        let min = sizes.desired.saturating_add(1).min(sizes.max);
        decision.action = Action::Raise { min };
        decision.memory.intent =
            Some(Intent { min, desired: None, expected: decision.expected, at: i.now });
    }
    decision
}

/// Remembers nothing of what was done: each wake-up is the first.
pub fn forgetful(i: &Inputs<'_>) -> Decision {
    decide(&Inputs { memory: &Memory::default(), ..*i })
}

/// Does not look at the intent that a run which died left behind.
pub fn blind_to_intents(i: &Inputs<'_>) -> Decision {
    decide(&Inputs { memory: &Memory { intent: None, ..i.memory.clone() }, ..*i })
}
