//! What every implementation of `Attach` promises.

use super::control::entry;
use super::{Arrange, Body, Case, GroupScene, MINUTE, Missing, Scene, Stop, Verdict, holds, same};
use std::collections::BTreeSet;
use tidegate_domain::attach::{Attach, ScalerKind, ScheduledAction, Setup};
use tidegate_domain::group::{Backstop, ScalingPolicy};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::{Clock, Control, Groups, PortError};

/// The suite.
pub fn cases<S: Arrange>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        a_missing_group_has_no_setup,
        a_setup_is_the_group_and_what_it_has,
        scheduled_actions_are_listed_by_name_with_what_they_set,
        policies_are_told_with_their_kind,
        a_group_without_hooks_has_none,
        hooks_are_told_with_how_long_they_hold,
        the_first_entry_is_the_oldest,
        the_backstop_is_taken_off_and_nothing_else,
        tags_are_taken_off_by_name,
        without_permission_nothing_is_seen,
    ];
    Case::table("attach", cases)
}

async fn setup<S: Arrange>(stage: &S, fleet: &FleetName) -> Scene<Setup> {
    let setup = stage.world().setup(fleet).await?;
    setup.ok_or_else(|| Stop::Failed(format!("{fleet} is gone")))
}

fn nightly() -> ScheduledAction {
    ScheduledAction {
        name: "nightly".to_owned(),
        min: Some(1),
        max: Some(6),
        desired: Some(2),
        recurrence: Some("0 22 * * *".to_owned()),
        time_zone: "Asia/Seoul".to_owned(),
        ..ScheduledAction::default()
    }
}

fn backstop() -> Backstop {
    let recurrence = "0 8 * * MON-FRI".to_owned();
    Backstop { min: 4, recurrence, time_zone: "Asia/Seoul".to_owned() }
}

async fn a_missing_group_has_no_setup<S: Arrange>(stage: &S) -> Verdict {
    let fleet = FleetName::new(stage.unique("unknown")).map_err(|e| Stop::Failed(e.to_string()))?;
    same("setup", stage.world().setup(&fleet).await?, None)?;
    same("schedules", stage.world().schedules(&fleet).await?, Vec::new())?;
    same("scalers", stage.world().scalers(&fleet).await?, Vec::new())
}

async fn a_setup_is_the_group_and_what_it_has<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 2, 6).tag("tidegate:hold", "all")).await?;
    let seen = setup(stage, &fleet).await?;
    same("the group", Some(seen.group), stage.world().describe(&fleet).await?)?;
    same("health checks", seen.health_checks, BTreeSet::from(["EC2".to_owned()]))?;
    same("protected", seen.protected, 0)?;
    same("traffic and metrics", seen.traffic.len() + seen.metrics.len(), 0)?;
    same("traits", seen.traits, BTreeSet::new())
}

async fn scheduled_actions_are_listed_by_name_with_what_they_set<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    same("none", stage.world().schedules(&fleet).await?, Vec::new())?;
    stage.schedule(&fleet, &nightly()).await?;
    stage.world().put_backstop(&fleet, &backstop()).await?;
    let found = stage.world().schedules(&fleet).await?;
    // AWS tells the next time of a recurring action, too.
    let plain = found.into_iter().map(|action| ScheduledAction { start: None, ..action });
    let Backstop { min, recurrence, time_zone } = backstop();
    let (name, recurrence) = (Backstop::NAME.to_owned(), Some(recurrence));
    let ours =
        ScheduledAction { name, min: Some(min), recurrence, time_zone, ..Default::default() };
    same("both", plain.collect(), vec![nightly(), ours])
}

async fn policies_are_told_with_their_kind<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    same("none", stage.world().scalers(&fleet).await?, Vec::new())?;
    let policy = ScalingPolicy { name: "cpu-70".to_owned(), can_scale_in: true };
    stage.attach_policy(&fleet, &policy).await?;
    let found = stage.world().scalers(&fleet).await?;
    let [scaler] = found.as_slice() else {
        return Err(Stop::Failed(format!("one policy, got {found:?}")));
    };
    same("the policy", &scaler.policy, &policy)?;
    same("its kind", &scaler.kind, &ScalerKind::Tracking)?;
    same("enabled", scaler.enabled, true)
}

async fn a_group_without_hooks_has_none<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    same("hooks", stage.world().hooks(&fleet).await?, Vec::new())
}

async fn hooks_are_told_with_how_long_they_hold<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    let hook = stage.hook(&fleet).await?;
    same("hooks", stage.world().hooks(&fleet).await?, vec![hook])
}

async fn the_first_entry_is_the_oldest<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    let world = stage.world();
    same("none", world.first_entry(&fleet).await?, None)?;
    let now = world.now();
    let later = now.saturating_add(MINUTE * 60).unwrap_or(now);
    for (id, at) in [("b", later), ("a", now)] {
        world.append(&entry(&fleet, id, at), later).await?;
    }
    let first = world.first_entry(&fleet).await?;
    same("the first", first.map(|entry| entry.id), Some("a".to_owned()))
}

async fn the_backstop_is_taken_off_and_nothing_else<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    stage.schedule(&fleet, &nightly()).await?;
    stage.world().put_backstop(&fleet, &backstop()).await?;
    for round in ["there", "gone already"] {
        stage.world().remove_backstop(&fleet).await?;
        let left = stage.world().schedules(&fleet).await?;
        let names: Vec<String> = left.into_iter().map(|action| action.name).collect();
        same(round, names, vec!["nightly".to_owned()])?;
    }
    same("on the group", stage.backstop(&fleet).await?, None)
}

async fn tags_are_taken_off_by_name<S: Arrange>(stage: &S) -> Verdict {
    let scene = GroupScene::sized(1, 2, 6).tag("tidegate:hold", "all").tag("team", "aira");
    let fleet = stage.group(&scene).await?;
    let names = ["tidegate:hold", "tidegate:floor"].map(str::to_owned).into();
    for round in ["there", "gone already"] {
        stage.world().remove_tags(&fleet, &names).await?;
        let left: Vec<String> = setup(stage, &fleet).await?.group.tags.into_keys().collect();
        same(round, left, vec!["team".to_owned()])?;
    }
    Ok(())
}

async fn without_permission_nothing_is_seen<S: Arrange>(stage: &S) -> Verdict {
    let world = stage.without(Missing::Permission).await?;
    let fleet = FleetName::new(stage.unique("group")).map_err(|e| Stop::Failed(e.to_string()))?;
    for (what, answer) in [
        ("setup", world.setup(&fleet).await.map(drop)),
        ("schedules", world.schedules(&fleet).await.map(drop)),
        ("scalers", world.scalers(&fleet).await.map(drop)),
        ("hooks", world.hooks(&fleet).await.map(drop)),
    ] {
        let denied = matches!(answer, Err(PortError::Denied { .. }));
        holds(denied, format!("{what}: expected Denied, got {answer:?}"))?;
    }
    Ok(())
}
