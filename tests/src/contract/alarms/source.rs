//! What every implementation of `AlarmSource` promises.

use crate::contract::{AlarmScene, Arrange, Body, Case, Stop, Verdict, holds, same};
use std::collections::BTreeMap;
use tidegate_domain::alarms::event::{AlarmEvent, Kind, State};
use tidegate_domain::alarms::ports::AlarmSource;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::metrics::{AlarmState, Comparison, MetricQuery, MetricSpec};
use tidegate_domain::ports::Clock;

/// The suite.
pub fn cases<S: Arrange>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        what_fires_is_told_and_what_does_not_is_not,
        an_alarm_is_told_with_its_metric_and_its_threshold,
        alarms_are_told_by_name_in_any_state,
        an_alarm_is_the_same_one_however_it_is_asked_for,
        tags_are_read,
        no_names_tell_nothing,
    ];
    Case::table("alarm_source", cases)
}

async fn alarm<S: Arrange>(stage: &S, comparison: Comparison) -> Result<AlarmName, Stop> {
    let text = format!("Tidegate/Contract Load Sum Case={}", stage.unique("case"));
    let spec: MetricSpec = text.parse().map_err(Stop::Failed)?;
    let query = MetricQuery::metric(spec);
    stage.alarm(&AlarmScene { query, threshold: 70.5, comparison }).await
}

/// The alarm of this name among what fires.
async fn firing<S: Arrange>(stage: &S, name: &AlarmName) -> Result<Option<AlarmEvent>, Stop> {
    let firing = stage.world().firing().await?;
    Ok(firing.into_iter().find(|event| event.id.name == name.as_str()))
}

async fn named<S: Arrange>(stage: &S, name: &AlarmName) -> Result<AlarmEvent, Stop> {
    let mut found = stage.world().named(&[name.as_str().to_owned()]).await?;
    same("alarms of this name", found.len(), 1)?;
    found.pop().ok_or_else(|| Stop::Failed("no alarm".to_owned()))
}

async fn what_fires_is_told_and_what_does_not_is_not<S: Arrange>(stage: &S) -> Verdict {
    let name = alarm(stage, Comparison::Above).await?;
    stage.set_alarm(&name, AlarmState::Ok).await?;
    same("quiet", firing(stage, &name).await?, None)?;
    let before = stage.world().now();
    stage.set_alarm(&name, AlarmState::Alarm).await?;
    let event = firing(stage, &name).await?.ok_or_else(|| Stop::Failed("not told".to_owned()))?;
    same("state", event.state, State::Alarm)?;
    let apart = event.state_at.duration_since(before).abs();
    holds(apart.as_secs() < 60, format!("{} is not {before}", event.state_at))?;
    stage.set_alarm(&name, AlarmState::Ok).await?;
    same("over", firing(stage, &name).await?, None)
}

async fn an_alarm_is_told_with_its_metric_and_its_threshold<S: Arrange>(stage: &S) -> Verdict {
    for (comparison, sign) in [
        (Comparison::Above, ">"),
        (Comparison::AtOrAbove, ">="),
        (Comparison::Below, "<"),
        (Comparison::AtOrBelow, "<="),
    ] {
        let name = alarm(stage, comparison).await?;
        let event = named(stage, &name).await?;
        same("kind", event.kind, Kind::Metric)?;
        let told = (event.threshold, event.comparison.as_deref());
        same("threshold", told, (Some(70.5), Some(sign)))?;
        let metric = event.metric.ok_or_else(|| Stop::Failed("no metric".to_owned()))?;
        let names = (metric.namespace.as_str(), metric.name.as_str());
        same("metric", names, ("Tidegate/Contract", "Load"))?;
        holds(metric.dimensions.contains_key("Case"), "its dimension")?;
        same("no contributor", event.id.contributor, None)?;
        same("name", event.id.name.as_str(), name.as_str())?;
        holds(event.id.arn.ends_with(&format!(":alarm:{name}")), &event.id.arn)?;
        holds(event.id.arn.contains(&event.account) && event.account.len() == 12, event.account)?;
        holds(event.id.arn.contains(&event.region), event.region)?;
    }
    Ok(())
}

async fn alarms_are_told_by_name_in_any_state<S: Arrange>(stage: &S) -> Verdict {
    let name = alarm(stage, Comparison::Above).await?;
    for (state, word) in [
        (AlarmState::Ok, State::Ok),
        (AlarmState::Alarm, State::Alarm),
        (AlarmState::InsufficientData, State::InsufficientData),
    ] {
        stage.set_alarm(&name, state).await?;
        same("state", named(stage, &name).await?.state, word)?;
    }
    let nobody = stage.unique("nobody");
    same("nobody", stage.world().named(&[nobody]).await?, Vec::new())
}

async fn an_alarm_is_the_same_one_however_it_is_asked_for<S: Arrange>(stage: &S) -> Verdict {
    let name = alarm(stage, Comparison::Above).await?;
    stage.set_alarm(&name, AlarmState::Alarm).await?;
    let (one, two) = (firing(stage, &name).await?, named(stage, &name).await?);
    same("alarm", one, Some(two))
}

async fn tags_are_read<S: Arrange>(stage: &S) -> Verdict {
    let name = alarm(stage, Comparison::Above).await?;
    let arn = named(stage, &name).await?.id.arn;
    same("none", stage.world().tags(&arn).await?, BTreeMap::new())?;
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let tags = BTreeMap::from([tag("severity", "critical"), tag("team", "데이터")]);
    stage.tag_alarm(&arn, &tags).await?;
    same("tags", stage.world().tags(&arn).await?, tags)
}

async fn no_names_tell_nothing<S: Arrange>(stage: &S) -> Verdict {
    same("alarms", stage.world().named(&[]).await?, Vec::new())
}
