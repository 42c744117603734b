//! What every implementation of `Control` promises of sizing's state.

use super::{Arrange, Body, Case, Stop, Verdict, same};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::{Control, LeaseToken, Stored, StoredSizing};

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

async fn put<S: Arrange>(
    stage: &S,
    fleet: &FleetName,
    (expected, state): (u64, &[u8]),
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
    let state: Vec<u8> = (0..40_000_u32).map(|n| (n % 251) as u8).collect();
    same("put", put(stage, &fleet, (0, &state), "a").await?, Stored::Version(1))?;
    let want = Some(StoredSizing { state, version: 1 });
    same("state", stage.world().sizing(&fleet).await?, want)
}

async fn a_state_is_written_against_its_version<S: Arrange>(stage: &S) -> Verdict {
    let fleet = fleet(stage)?;
    same("of nothing", put(stage, &fleet, (1, b"x"), "a").await?, Stored::Conflict)?;
    same("first", put(stage, &fleet, (0, b"1"), "a").await?, Stored::Version(1))?;
    same("second", put(stage, &fleet, (1, b"2"), "b").await?, Stored::Version(2))?;
    for expected in [0, 1, 3] {
        let late = put(stage, &fleet, (expected, b"9"), "c").await?;
        same("late or early", late, Stored::Conflict)?;
    }
    let want = Some(StoredSizing { state: b"2".to_vec(), version: 2 });
    same("state", stage.world().sizing(&fleet).await?, want)
}

async fn a_repeated_put_of_our_own_is_success<S: Arrange>(stage: &S) -> Verdict {
    let fleet = fleet(stage)?;
    for expected in [0, 1] {
        let version = Stored::Version(expected + 1);
        same("put", put(stage, &fleet, (expected, b"s"), "a").await?, version.clone())?;
        same("again", put(stage, &fleet, (expected, b"s"), "a").await?, version)?;
    }
    same("another's", put(stage, &fleet, (1, b"s"), "b").await?, Stored::Conflict)?;
    same("other bytes", put(stage, &fleet, (1, b"t"), "a").await?, Stored::Conflict)
}

async fn fleets_learn_for_themselves<S: Arrange>(stage: &S) -> Verdict {
    let (one, two) = (fleet(stage)?, fleet(stage)?);
    put(stage, &one, (0, b"s"), "a").await?;
    same("two", stage.world().sizing(&two).await?, None)
}
