//! What every implementation of `Control` promises of sizing's state.

use super::{Arrange, Body, Case, Stop, Verdict, same};
use jiff::SignedDuration;
use tidegate_domain::arbiter::Limits;
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::{Control, LeaseToken, Stored, StoredSizing};
use tidegate_domain::sizing::{Rails, Sizing, Terms};

/// The suite.
pub fn cases<S: Arrange>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        nothing_was_learned_before_it_was_written,
        bytes_read_back_as_written,
        a_state_is_written_against_its_version,
        a_repeated_put_of_our_own_is_success,
        fleets_learn_for_themselves,
    ];
    Case::table("sizing", cases)
}

fn fleet<S: Arrange>(stage: &S) -> Result<FleetName, Stop> {
    FleetName::new(stage.unique("fleet")).map_err(|e| Stop::Failed(e.to_string()))
}

/// What so many minutes teach.
fn learned(minutes: i64) -> Result<Sizing, Stop> {
    let (limits, rails) =
        (Limits { min: 1, ceiling: 40 }, Rails { step_percent: 20, bake_mins: 10 });
    let terms = Terms::new(100.0, SignedDuration::from_mins(3), limits, rails);
    let terms = terms.map_err(|e| Stop::Failed(e.to_string()))?;
    let mut sizing = Sizing::default();
    (0..minutes).for_each(|minute| sizing.charge(minute, Some(minute as f64), None, &terms));
    Ok(sizing)
}

async fn put<S: Arrange>(
    stage: &S,
    fleet: &FleetName,
    (expected, state): (u64, &Sizing),
    who: &str,
) -> Result<Stored, Stop> {
    let token = LeaseToken(format!("{fleet}-{who}"));
    Ok(stage.world().put_sizing(fleet, expected, state, &token).await?)
}

async fn nothing_was_learned_before_it_was_written<S: Arrange>(stage: &S) -> Verdict {
    same("state", stage.world().sizing(&fleet(stage)?).await?, None)
}

async fn bytes_read_back_as_written<S: Arrange>(stage: &S) -> Verdict {
    let fleet = fleet(stage)?;
    let state = learned(3_000)?;
    same("put", put(stage, &fleet, (0, &state), "a").await?, Stored::Version(1))?;
    let want = Some(StoredSizing { state: Ok(state), version: 1 });
    same("state", stage.world().sizing(&fleet).await?, want)
}

async fn a_state_is_written_against_its_version<S: Arrange>(stage: &S) -> Verdict {
    let fleet = fleet(stage)?;
    same("of nothing", put(stage, &fleet, (1, &learned(1)?), "a").await?, Stored::Conflict)?;
    same("first", put(stage, &fleet, (0, &learned(1)?), "a").await?, Stored::Version(1))?;
    same("second", put(stage, &fleet, (1, &learned(2)?), "b").await?, Stored::Version(2))?;
    for expected in [0, 1, 3] {
        let late = put(stage, &fleet, (expected, &learned(9)?), "c").await?;
        same("late or early", late, Stored::Conflict)?;
    }
    let want = Some(StoredSizing { state: Ok(learned(2)?), version: 2 });
    same("state", stage.world().sizing(&fleet).await?, want)
}

async fn a_repeated_put_of_our_own_is_success<S: Arrange>(stage: &S) -> Verdict {
    let fleet = fleet(stage)?;
    for expected in [0, 1] {
        let version = Stored::Version(expected + 1);
        same("put", put(stage, &fleet, (expected, &learned(1)?), "a").await?, version.clone())?;
        same("again", put(stage, &fleet, (expected, &learned(1)?), "a").await?, version)?;
    }
    same("another's", put(stage, &fleet, (1, &learned(1)?), "b").await?, Stored::Conflict)?;
    same("other bytes", put(stage, &fleet, (1, &learned(2)?), "a").await?, Stored::Conflict)
}

async fn fleets_learn_for_themselves<S: Arrange>(stage: &S) -> Verdict {
    let (one, two) = (fleet(stage)?, fleet(stage)?);
    put(stage, &one, (0, &learned(1)?), "a").await?;
    same("two", stage.world().sizing(&two).await?, None)
}
