//! What every implementation of `AlarmStore` promises of a group's lease: what `Control` does of
//! a fleet's.

use super::Scene;
use crate::contract::{Arrange, Body, Case, Stop, Verdict, same};
use tidegate_domain::alarms::ports::AlarmStore;
use tidegate_domain::ports::{Lease, Released};

/// The suite.
pub fn cases<S: Arrange>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        a_free_group_is_taken_and_a_held_one_is_busy,
        a_group_whose_lease_ran_out_is_taken_over,
        our_own_group_can_be_held_longer_and_keeps_who_wanted_it,
        who_wanted_a_group_makes_its_holder_look_once_more,
        nobody_leaves_anothers_group,
        groups_have_leases_of_their_own,
    ];
    Case::table("alarm_lease", cases)
}

/// Asks for the group at one second, until another.
async fn take<S: Arrange>(
    scene: &Scene<'_, S>,
    who: &str,
    (at, until): (i64, i64),
) -> Result<Lease, Stop> {
    let (world, token) = (scene.world(), scene.token(who));
    Ok(world.take(&scene.group(), &token, scene.at(at), scene.at(until)).await?)
}

async fn leave<S: Arrange>(scene: &Scene<'_, S>, who: &str) -> Result<Released, Stop> {
    Ok(scene.world().leave(&scene.group(), &scene.token(who)).await?)
}

async fn a_free_group_is_taken_and_a_held_one_is_busy<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    same("a", take(&scene, "a", (0, 60)).await?, Lease::Taken)?;
    same("b", take(&scene, "b", (59, 120)).await?, Lease::Busy)?;
    same("a's leaving", leave(&scene, "a").await?, Released::Wanted)?;
    same("a's leaving", leave(&scene, "a").await?, Released::Free)?;
    same("b", take(&scene, "b", (1, 61)).await?, Lease::Taken)
}

async fn a_group_whose_lease_ran_out_is_taken_over<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    take(&scene, "a", (0, 60)).await?;
    same("b", take(&scene, "b", (61, 120)).await?, Lease::Taken)?;
    same("a's leaving", leave(&scene, "a").await?, Released::Free)?;
    same("c", take(&scene, "c", (62, 122)).await?, Lease::Busy)
}

async fn our_own_group_can_be_held_longer_and_keeps_who_wanted_it<S: Arrange>(
    stage: &S,
) -> Verdict {
    let scene = Scene::new(stage);
    take(&scene, "a", (0, 60)).await?;
    take(&scene, "b", (1, 61)).await?;
    same("longer", take(&scene, "a", (30, 90)).await?, Lease::Taken)?;
    same("c", take(&scene, "c", (75, 120)).await?, Lease::Busy)?;
    same("a's leaving", leave(&scene, "a").await?, Released::Wanted)
}

async fn who_wanted_a_group_makes_its_holder_look_once_more<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    take(&scene, "a", (0, 60)).await?;
    take(&scene, "b", (1, 61)).await?;
    take(&scene, "c", (2, 62)).await?;
    same("first", leave(&scene, "a").await?, Released::Wanted)?;
    same("still a's", take(&scene, "b", (3, 63)).await?, Lease::Busy)?;
    same("second", leave(&scene, "a").await?, Released::Wanted)?;
    same("third", leave(&scene, "a").await?, Released::Free)?;
    same("free", take(&scene, "b", (4, 64)).await?, Lease::Taken)
}

async fn nobody_leaves_anothers_group<S: Arrange>(stage: &S) -> Verdict {
    let scene = Scene::new(stage);
    same("nobody's", leave(&scene, "b").await?, Released::Free)?;
    take(&scene, "a", (0, 60)).await?;
    same("b's leaving", leave(&scene, "b").await?, Released::Free)?;
    same("c", take(&scene, "c", (1, 61)).await?, Lease::Busy)
}

async fn groups_have_leases_of_their_own<S: Arrange>(stage: &S) -> Verdict {
    let [one, two] = [Scene::new(stage), Scene::new(stage)];
    same("one", take(&one, "a", (0, 60)).await?, Lease::Taken)?;
    same("two", take(&two, "a", (0, 60)).await?, Lease::Taken)
}
