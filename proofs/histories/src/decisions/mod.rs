//! Random decisions: a fleet that may be lowered, and up to three dangers planted into what the
//! decision is made from. With a danger nothing may be lowered; without one something must be.
//! What is dangerous is known from the planting, not from reading the inputs, so this judges the
//! planner and the checker alike.

mod dangers;
mod fleet;

pub use dangers::{DANGERS, Danger};
pub use fleet::Fleet;

use super::dice::Dice;
use std::collections::BTreeMap;
use tidegate_domain::decide::{Action, Decision, decide};
use tidegate_domain::invariants::check;

/// Dangers in one decision at most.
const MOST: u32 = 3;

/// What many decisions came to.
#[derive(Debug, Default, Clone)]
pub struct Judged {
    /// Decisions that were made.
    pub decisions: u64,
    /// Lowerings among them: none with a danger.
    pub lowerings: u64,
    /// Raises among them.
    pub raises: u64,
    /// Decisions by planted danger; several may stand in one.
    pub planted: BTreeMap<&'static str, u64>,
}

impl Judged {
    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        self.decisions += other.decisions;
        self.lowerings += other.lowerings;
        self.raises += other.raises;
        for (name, times) in &other.planted {
            *self.planted.entry(name).or_insert(0) += times;
        }
    }
}

/// Makes and judges this many decisions.
///
/// # Errors
/// The first that is unsafe, that the checker refuses, or that does not lower where it must.
pub fn judge(dice: &mut Dice, count: u64) -> Result<Judged, String> {
    let mut judged = Judged::default();
    let stock = Fleet::stock();
    for _ in 0..count {
        one(dice, &stock, &mut judged)?;
    }
    Ok(judged)
}

fn one(dice: &mut Dice, stock: &[Fleet], judged: &mut Judged) -> Result<(), String> {
    let which = dice.below(u32::try_from(stock.len()).unwrap_or(u32::MAX));
    let Some(calm) = stock.get(usize::try_from(which).unwrap_or(0)) else { return Ok(()) };
    let mut fleet = calm.clone();
    fleet.vary(dice);
    let planted = plant(&mut fleet, dice);
    let decision = decide(&fleet.inputs());
    let tell = |what: &str| {
        let names: Vec<_> = planted.iter().map(|d| d.name).collect();
        Err(format!("{what}; planted: {names:?}\n{decision:?}\n{fleet:?}"))
    };
    if let Some(found) = check(&fleet.inputs(), &decision).first() {
        return tell(&format!("the checker refuses it: {}", found.what));
    }
    let lowers = matches!(decision.action, Action::Lower { .. });
    match (planted.is_empty(), lowers) {
        (false, true) => return tell("an unsafe lowering"),
        (true, false) => return tell("nothing speaks against it and it is not lowered"),
        _ => {}
    }
    if lowers && !sound(&fleet, &decision) {
        return tell("a lowering by too much");
    }
    judged.decisions += 1;
    judged.lowerings += u64::from(lowers);
    judged.raises += u64::from(matches!(decision.action, Action::Raise { .. }));
    for danger in planted {
        *judged.planted.entry(danger.name).or_insert(0) += 1;
    }
    Ok(())
}

/// None in a third of the decisions, else up to [`MOST`].
fn plant(fleet: &mut Fleet, dice: &mut Dice) -> Vec<&'static Danger> {
    let many = dice.below(3) * dice.number(1, MOST) / 2;
    let count = u32::try_from(DANGERS.len()).unwrap_or(u32::MAX);
    let mut planted = Vec::new();
    for _ in 0..many {
        let which = usize::try_from(dice.below(count)).unwrap_or(0);
        let Some(danger) = DANGERS.get(which) else { continue };
        (danger.plant)(fleet, dice);
        planted.push(danger);
    }
    planted
}

/// One step of at most a fifth, to no less than the fleet's floor and its load need.
fn sound(fleet: &Fleet, decision: &Decision) -> bool {
    let sizes = fleet.observation.group.sizes;
    let Action::Lower { min, desired } = decision.action else { return true };
    let (from, to) = desired.map_or((sizes.min, min), |desired| (sizes.desired, desired));
    let step = from.saturating_sub(to);
    to < from && step <= (from / 5).max(1) && to >= fleet.least() && min <= to
}
