//! What every implementation of `Groups` promises.

use super::{
    Arrange, Body, Case, Fact, GroupScene, MINUTE, Missing, Stop, Verdict, holds, refused, same,
};
use tidegate_domain::group::{
    ActivityKind, ActivityResult, Backstop, DesiredChange, Evidence, Group, Lifecycle,
    ScalingPolicy, Sizes,
};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::{Clock, Groups, PortError};

/// The suite.
pub fn cases<S: Arrange>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        a_missing_group_is_none,
        sizes_and_tags_are_seen,
        a_settled_group_serves_what_is_desired,
        set_min_leaves_desired_and_max_alone,
        set_min_above_desired_raises_desired,
        set_min_never_lowers_desired,
        set_min_is_repeatable,
        set_min_above_max_is_refused,
        set_desired_lowers_and_touches_nothing_else,
        set_desired_outside_the_bounds_is_refused,
        a_lowered_group_settles,
        writing_to_a_missing_group_is_refused,
        somebody_elses_raise_is_seen,
        a_suspended_process_is_seen,
        a_quiet_group_has_no_evidence_against_it,
        a_policy_that_scales_in_is_told_from_one_that_does_not,
        a_refresh_under_way_is_seen,
        a_refresh_that_has_ended_is_not,
        activities_are_newest_first_and_tell_their_cause,
        activities_are_of_the_last_24_hours,
        the_backstop_reads_back,
        the_backstop_is_replaced,
        a_backstop_that_cannot_be_is_refused,
        a_backstop_on_a_missing_group_is_refused,
        without_permission_it_is_denied,
    ];
    Case::table("groups", cases)
}

/// The group, which must be there.
async fn seen<S: Arrange>(stage: &S, fleet: &FleetName) -> Result<Group, Stop> {
    let group = stage.world().describe(fleet).await?;
    group.ok_or_else(|| Stop::Failed(format!("{fleet} is gone")))
}

async fn sizes<S: Arrange>(stage: &S, fleet: &FleetName) -> Result<Sizes, Stop> {
    Ok(seen(stage, fleet).await?.sizes)
}

async fn evidence<S: Arrange>(stage: &S, fleet: &FleetName) -> Result<Evidence, Stop> {
    let world = stage.world();
    // A minute ahead: the clocks of a world and of its endpoint may differ a little.
    let now = world.now().saturating_add(MINUTE).unwrap_or_else(|_| world.now());
    Ok(world.evidence(fleet, now).await?)
}

fn unknown<S: Arrange>(stage: &S) -> Result<FleetName, Stop> {
    FleetName::new(stage.unique("unknown")).map_err(|e| Stop::Failed(e.to_string()))
}

fn backstop(min: u32) -> Backstop {
    let recurrence = "0 8 * * MON-FRI".to_owned();
    Backstop { min, recurrence, time_zone: "Asia/Seoul".to_owned() }
}

fn sized(min: u32, desired: u32, max: u32) -> Sizes {
    Sizes { min, max, desired }
}

async fn a_missing_group_is_none<S: Arrange>(stage: &S) -> Verdict {
    let fleet = unknown(stage)?;
    same("describe", stage.world().describe(&fleet).await?, None)
}

async fn sizes_and_tags_are_seen<S: Arrange>(stage: &S) -> Verdict {
    let scene = GroupScene::sized(1, 2, 6).tag("tidegate:hold", "no-scale-in");
    let fleet = stage.group(&scene).await?;
    same("sizes", sizes(stage, &fleet).await?, sized(1, 2, 6))?;
    let group = seen(stage, &fleet).await?;
    let hold = group.tags.get("tidegate:hold").map(String::as_str);
    same("the tag", hold, Some("no-scale-in"))?;
    same("deleting", group.deleting, false)?;
    same("foreign unit", group.foreign_unit, None)
}

async fn a_settled_group_serves_what_is_desired<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 3, 6)).await?;
    stage.settle(&fleet).await?;
    let group = seen(stage, &fleet).await?;
    same("serving", group.serving(), 3)?;
    same("pending", group.pending(), 0)?;
    for instance in &group.instances {
        same("weight", instance.weight, 1)?;
        holds(!instance.zone.is_empty(), format!("{} has no zone", instance.id))?;
    }
    Ok(())
}

async fn set_min_leaves_desired_and_max_alone<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 4, 6)).await?;
    stage.world().set_min(&fleet, 3).await?;
    same("sizes", sizes(stage, &fleet).await?, sized(3, 4, 6))
}

async fn set_min_above_desired_raises_desired<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::MinRaisesDesired)?;
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    stage.world().set_min(&fleet, 4).await?;
    same("sizes", sizes(stage, &fleet).await?, sized(4, 4, 6))
}

async fn set_min_never_lowers_desired<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(3, 4, 6)).await?;
    stage.world().set_min(&fleet, 1).await?;
    same("sizes", sizes(stage, &fleet).await?, sized(1, 4, 6))
}

async fn set_min_is_repeatable<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 4, 6)).await?;
    stage.world().set_min(&fleet, 2).await?;
    stage.world().set_min(&fleet, 2).await?;
    same("sizes", sizes(stage, &fleet).await?, sized(2, 4, 6))
}

async fn set_min_above_max_is_refused<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::MinAboveMaxRefused)?;
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    refused("MinSize 7 of at most 6", stage.world().set_min(&fleet, 7).await)?;
    same("sizes", sizes(stage, &fleet).await?, sized(1, 2, 6))
}

async fn set_desired_lowers_and_touches_nothing_else<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 4, 6)).await?;
    stage.world().set_desired(&fleet, 2).await?;
    same("sizes", sizes(stage, &fleet).await?, sized(1, 2, 6))
}

async fn set_desired_outside_the_bounds_is_refused<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::DesiredBounds)?;
    let fleet = stage.group(&GroupScene::sized(2, 3, 6)).await?;
    refused("1 below 2", stage.world().set_desired(&fleet, 1).await)?;
    refused("7 above 6", stage.world().set_desired(&fleet, 7).await)?;
    same("sizes", sizes(stage, &fleet).await?, sized(2, 3, 6))
}

async fn a_lowered_group_settles<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 4, 6)).await?;
    stage.world().set_desired(&fleet, 2).await?;
    stage.settle(&fleet).await?;
    let group = seen(stage, &fleet).await?;
    same("in service", group.in_service(), 2)?;
    let leaving = group.weigh(|i| i.lifecycle == Lifecycle::Terminating);
    same("leaving", leaving, 0)
}

async fn writing_to_a_missing_group_is_refused<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::MissingGroupRefused)?;
    let (world, fleet) = (stage.world(), unknown(stage)?);
    refused("set_min", world.set_min(&fleet, 1).await)?;
    refused("set_desired", world.set_desired(&fleet, 1).await)
}

async fn a_backstop_on_a_missing_group_is_refused<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::ScheduleNeedsGroup)?;
    let fleet = unknown(stage)?;
    refused("put_backstop", stage.world().put_backstop(&fleet, &backstop(1)).await)
}

async fn somebody_elses_raise_is_seen<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    stage.outside_desired(&fleet, 5).await?;
    same("sizes", sizes(stage, &fleet).await?, sized(1, 5, 6))
}

async fn a_suspended_process_is_seen<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 1, 2)).await?;
    same("before", seen(stage, &fleet).await?.is_suspended("Launch"), false)?;
    stage.suspend(&fleet, "Launch").await?;
    same("after", seen(stage, &fleet).await?.is_suspended("Launch"), true)
}

async fn a_quiet_group_has_no_evidence_against_it<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 1, 2)).await?;
    let found = evidence(stage, &fleet).await?;
    same("policies", found.policies, Vec::new())?;
    same("refresh", found.refresh, None)?;
    same("backstop", found.backstop, None)
}

async fn a_policy_that_scales_in_is_told_from_one_that_does_not<S: Arrange>(stage: &S) -> Verdict {
    for can_scale_in in [true, false] {
        let fleet = stage.group(&GroupScene::sized(1, 1, 2)).await?;
        let policy = ScalingPolicy { name: stage.unique("track"), can_scale_in };
        stage.attach_policy(&fleet, &policy).await?;
        same("policies", evidence(stage, &fleet).await?.policies, vec![policy])?;
    }
    Ok(())
}

async fn a_refresh_under_way_is_seen<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 1, 2)).await?;
    stage.refresh(&fleet, "InProgress").await?;
    same("refresh", evidence(stage, &fleet).await?.refresh, Some("InProgress".to_owned()))
}

async fn a_refresh_that_has_ended_is_not<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 1, 2)).await?;
    stage.refresh(&fleet, "Successful").await?;
    same("refresh", evidence(stage, &fleet).await?.refresh, None)
}

async fn activities_are_newest_first_and_tell_their_cause<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::Activities)?;
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    stage.outside_desired(&fleet, 3).await?;
    stage.settle(&fleet).await?;
    stage.world().set_desired(&fleet, 2).await?;
    stage.settle(&fleet).await?;
    let found = evidence(stage, &fleet).await?.activities;
    let newest = found.iter().map(|a| (a.kind, a.result, a.desired_change));
    let change = |from, to| Some(DesiredChange { from, to });
    let expected = vec![
        (ActivityKind::Terminate, ActivityResult::Successful, change(3, 2)),
        (ActivityKind::Launch, ActivityResult::Successful, change(2, 3)),
    ];
    same("activities", newest.take(2).collect::<Vec<_>>(), expected)?;
    let named = found.iter().take(2).all(|a| a.zone.is_some() && a.ended >= Some(a.started));
    holds(named, format!("zone and times: {found:?}"))
}

async fn activities_are_of_the_last_24_hours<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::Activities)?;
    let fleet = stage.group(&GroupScene::sized(1, 1, 2)).await?;
    stage.outside_desired(&fleet, 2).await?;
    let now = evidence(stage, &fleet).await?.activities;
    holds(!now.is_empty(), "no activity at once")?;
    let world = stage.world();
    let later = world.now().saturating_add(MINUTE * (25 * 60)).unwrap_or_else(|_| world.now());
    same("25 hours later", world.evidence(&fleet, later).await?.activities, Vec::new())
}

async fn the_backstop_reads_back<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::RecurrenceZone)?;
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    stage.world().put_backstop(&fleet, &backstop(4)).await?;
    same("evidence", evidence(stage, &fleet).await?.backstop, Some(backstop(4)))?;
    same("on the group", stage.backstop(&fleet).await?, Some(backstop(4)))?;
    same("sizes", sizes(stage, &fleet).await?, sized(1, 2, 6))
}

async fn the_backstop_is_replaced<S: Arrange>(stage: &S) -> Verdict {
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    let utc = |min| Backstop { time_zone: "UTC".to_owned(), ..backstop(min) };
    for min in [4, 4, 5] {
        stage.world().put_backstop(&fleet, &utc(min)).await?;
        let found = stage.backstop(&fleet).await?;
        same("on the group", found.map(|b| (b.min, b.recurrence)), {
            let expected = utc(min);
            Some((expected.min, expected.recurrence))
        })?;
    }
    Ok(())
}

async fn a_backstop_that_cannot_be_is_refused<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::RecurrenceChecked)?;
    let fleet = stage.group(&GroupScene::sized(1, 2, 6)).await?;
    let no_cron = Backstop { recurrence: "at eight".to_owned(), ..backstop(4) };
    refused("no cron", stage.world().put_backstop(&fleet, &no_cron).await)?;
    let no_zone = Backstop { time_zone: "Asia/Atlantis".to_owned(), ..backstop(4) };
    refused("no zone", stage.world().put_backstop(&fleet, &no_zone).await)?;
    same("on the group", stage.backstop(&fleet).await?, None)
}

async fn without_permission_it_is_denied<S: Arrange>(stage: &S) -> Verdict {
    let world = stage.without(Missing::Permission).await?;
    let fleet = unknown(stage)?;
    let denied = |answer: Result<(), PortError>| {
        let is_denied = matches!(answer, Err(PortError::Denied { .. }));
        holds(is_denied, format!("expected Denied, got {answer:?}"))
    };
    denied(world.describe(&fleet).await.map(drop))?;
    denied(world.set_min(&fleet, 1).await)?;
    denied(world.set_desired(&fleet, 1).await)
}
