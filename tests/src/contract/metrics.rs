//! What every implementation of `Metrics` promises.

use super::{AlarmScene, Arrange, Body, Case, Fact, MINUTE, Stop, Verdict, minutes};
use super::{holds, refused, same};
use jiff::Timestamp;
use tidegate_domain::ids::AlarmName;
use tidegate_domain::metrics::{
    AlarmState, Comparison, MetricQuery, MetricSpec, Point, QueryPart, QuerySource, Series, Window,
};
use tidegate_domain::ports::{Clock, Metrics};

/// The suite.
pub fn cases<S: Arrange>() -> Vec<Case<S>> {
    let cases: [(&'static str, Body<S>); _] = crate::contract_cases![
        points_ascend_and_carry_the_start_of_their_minute,
        the_window_is_half_open,
        a_window_off_the_minute_holds_only_what_begins_in_it,
        minutes_without_data_are_absent,
        a_zero_is_a_point,
        one_series_for_each_query_in_order,
        no_queries_no_series,
        equal_ids_of_two_queries_do_not_meet,
        dimensions_tell_metrics_apart,
        a_window_of_hours_arrives_whole,
        minutes_add_up_to_a_longer_period,
        math_is_evaluated_point_by_point,
        fill_fills_gaps,
        an_unknown_id_is_refused,
        math_that_is_none_is_refused,
        alarms_come_by_name_and_missing_ones_do_not,
        no_names_ask_for_nothing,
        more_names_than_one_call_takes,
        a_new_alarm_has_insufficient_data,
        states_are_read_with_their_time,
        threshold_side_and_metric_of_an_alarm_are_read,
    ];
    Case::table("metrics", cases)
}

/// A metric that no other case knows.
fn metric<S: Arrange>(stage: &S, statistic: &str) -> Result<MetricSpec, Stop> {
    let text = format!("Tidegate/Contract load {statistic} Case={}", stage.unique("case"));
    text.parse().map_err(Stop::Failed)
}

fn points(at: &[Timestamp], values: &[f64]) -> Series {
    at.iter().zip(values).map(|(at, value)| Point { at: *at, value: *value }).collect()
}

/// The window from the first of these minutes to the end of the last.
fn over(at: &[Timestamp]) -> Result<Window, Stop> {
    let (Some(from), Some(last)) = (at.first(), at.last()) else {
        return Err(Stop::Failed("no minutes".to_owned()));
    };
    let until = last.saturating_add(MINUTE).unwrap_or(*last);
    Ok(Window { from: *from, until })
}

async fn read<S: Arrange>(stage: &S, query: &MetricQuery, window: Window) -> Result<Series, Stop> {
    let answer = stage.world().read(std::slice::from_ref(query), window).await?;
    same("series", answer.len(), 1)?;
    Ok(answer.into_iter().flatten().collect())
}

/// A metric with the values 1, 2, 3, ... in its minutes.
async fn counted<S: Arrange>(stage: &S, at: &[Timestamp]) -> Result<MetricSpec, Stop> {
    let spec = metric(stage, "Sum")?;
    let values: Vec<f64> = (1_u32..).take(at.len()).map(f64::from).collect();
    stage.put_points(&spec, &points(at, &values)).await?;
    Ok(spec)
}

fn math(parts: &[(&str, &MetricSpec)], expression: &str) -> MetricQuery {
    let part = |id: &str, source| QueryPart { id: id.to_owned(), source };
    let metrics = parts.iter().map(|(id, spec)| part(id, QuerySource::Metric((*spec).clone())));
    let last = part("e", QuerySource::Expression(expression.to_owned()));
    let parts = metrics.chain([last]).collect();
    MetricQuery { parts, result: "e".to_owned(), period_secs: 60 }
}

async fn points_ascend_and_carry_the_start_of_their_minute<S: Arrange>(stage: &S) -> Verdict {
    let at = minutes(stage, 5, 5);
    let spec = counted(stage, &at).await?;
    let found = read(stage, &MetricQuery::metric(spec), over(&at)?).await?;
    same("points", found, points(&at, &[1.0, 2.0, 3.0, 4.0, 5.0]))
}

async fn the_window_is_half_open<S: Arrange>(stage: &S) -> Verdict {
    let at = minutes(stage, 5, 5);
    let spec = counted(stage, &at).await?;
    let inner: Vec<Timestamp> = at.iter().skip(1).take(2).copied().collect();
    let found = read(stage, &MetricQuery::metric(spec), over(&inner)?).await?;
    same("points", found, points(&inner, &[2.0, 3.0]))
}

async fn a_window_off_the_minute_holds_only_what_begins_in_it<S: Arrange>(stage: &S) -> Verdict {
    let at = minutes(stage, 3, 5);
    let spec = counted(stage, &at).await?;
    let whole = over(&at)?;
    let half = MINUTE / 2;
    let from = whole.from.saturating_add(half).unwrap_or(whole.from);
    let window = Window { from, ..whole };
    let found = read(stage, &MetricQuery::metric(spec), window).await?;
    let later: Vec<Timestamp> = at.into_iter().skip(1).collect();
    same("points", found, points(&later, &[2.0, 3.0]))
}

async fn minutes_without_data_are_absent<S: Arrange>(stage: &S) -> Verdict {
    let at = minutes(stage, 6, 5);
    let spec = metric(stage, "Sum")?;
    let some: Vec<Timestamp> = at.iter().step_by(2).copied().collect();
    stage.put_points(&spec, &points(&some, &[7.0, 8.0, 9.0])).await?;
    let found = read(stage, &MetricQuery::metric(spec), over(&at)?).await?;
    same("points", found, points(&some, &[7.0, 8.0, 9.0]))
}

async fn a_zero_is_a_point<S: Arrange>(stage: &S) -> Verdict {
    let at = minutes(stage, 2, 5);
    let spec = metric(stage, "Sum")?;
    stage.put_points(&spec, &points(&at, &[0.0, 0.0])).await?;
    let found = read(stage, &MetricQuery::metric(spec), over(&at)?).await?;
    same("points", found, points(&at, &[0.0, 0.0]))
}

async fn one_series_for_each_query_in_order<S: Arrange>(stage: &S) -> Verdict {
    let at = minutes(stage, 3, 5);
    let [first, second] = [counted(stage, &at).await?, metric(stage, "Sum")?];
    let empty = metric(stage, "Sum")?;
    stage.put_points(&second, &points(&at, &[9.0])).await?;
    let queries = [first, empty, second].map(MetricQuery::metric);
    let answer = stage.world().read(&queries, over(&at)?).await?;
    let lengths: Vec<usize> = answer.iter().map(Vec::len).collect();
    same("points of each", lengths, vec![3, 0, 1])
}

async fn no_queries_no_series<S: Arrange>(stage: &S) -> Verdict {
    let window = over(&minutes(stage, 3, 5))?;
    same("series", stage.world().read(&[], window).await?, Vec::new())
}

async fn equal_ids_of_two_queries_do_not_meet<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::MetricMath)?;
    let at = minutes(stage, 2, 5);
    let [one, two] = [counted(stage, &at).await?, metric(stage, "Sum")?];
    stage.put_points(&two, &points(&at, &[10.0, 20.0])).await?;
    let queries = [math(&[("m", &one)], "m * 2"), math(&[("m", &two)], "m * 3")];
    let answer = stage.world().read(&queries, over(&at)?).await?;
    same("series", answer, vec![points(&at, &[2.0, 4.0]), points(&at, &[30.0, 60.0])])
}

async fn dimensions_tell_metrics_apart<S: Arrange>(stage: &S) -> Verdict {
    let at = minutes(stage, 2, 5);
    let [one, two] = [counted(stage, &at).await?, metric(stage, "Sum")?];
    stage.put_points(&two, &points(&at, &[10.0, 20.0])).await?;
    let queries = [one, two].map(MetricQuery::metric);
    let answer = stage.world().read(&queries, over(&at)?).await?;
    same("series", answer, vec![points(&at, &[1.0, 2.0]), points(&at, &[10.0, 20.0])])
}

async fn a_window_of_hours_arrives_whole<S: Arrange>(stage: &S) -> Verdict {
    let at = minutes(stage, 180, 5);
    let spec = counted(stage, &at).await?;
    let found = read(stage, &MetricQuery::metric(spec), over(&at)?).await?;
    same("points", found.len(), 180)?;
    same("the last", found.last().map(|p| p.value), Some(180.0))
}

async fn minutes_add_up_to_a_longer_period<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::LongerPeriods)?;
    let newest = minutes(stage, 1, 5).first().map_or(0, |at| at.as_second());
    let first = newest.div_euclid(300) * 300 - 600;
    let second = |n: i64| Timestamp::from_second(first + n * 60).ok();
    let at: Vec<Timestamp> = (0..10).filter_map(second).collect();
    let fives: Vec<Timestamp> = at.iter().step_by(5).copied().collect();
    for (statistic, expected) in [("Sum", [15.0, 40.0]), ("Maximum", [5.0, 10.0])] {
        let spec = metric(stage, statistic)?;
        let values: Vec<f64> = (1_u32..=10).map(f64::from).collect();
        stage.put_points(&spec, &points(&at, &values)).await?;
        let query = MetricQuery { period_secs: 300, ..MetricQuery::metric(spec) };
        let found = read(stage, &query, over(&at)?).await?;
        same(statistic, found, points(&fives, &expected))?;
    }
    Ok(())
}

async fn math_is_evaluated_point_by_point<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::MetricMath)?;
    let at = minutes(stage, 3, 5);
    let [a, b] = [counted(stage, &at).await?, metric(stage, "Average")?];
    stage.put_points(&b, &points(&at, &[10.0, 20.0, 30.0])).await?;
    for (expression, expected) in [
        ("a + b", [11.0, 22.0, 33.0]),
        ("(b - a) / 3", [3.0, 6.0, 9.0]),
        ("2 * a - 1", [1.0, 3.0, 5.0]),
    ] {
        let query = math(&[("a", &a), ("b", &b)], expression);
        same(expression, read(stage, &query, over(&at)?).await?, points(&at, &expected))?;
    }
    Ok(())
}

async fn fill_fills_gaps<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::MetricMath)?;
    let at = minutes(stage, 3, 5);
    let [whole, gappy] = [counted(stage, &at).await?, metric(stage, "Sum")?];
    let ends: Vec<Timestamp> = at.iter().step_by(2).copied().collect();
    stage.put_points(&gappy, &points(&ends, &[10.0, 30.0])).await?;
    let query = math(&[("a", &whole), ("b", &gappy)], "a + FILL(b, 0)");
    let found = read(stage, &query, over(&at)?).await?;
    same("points", found, points(&at, &[11.0, 2.0, 33.0]))
}

async fn an_unknown_id_is_refused<S: Arrange>(stage: &S) -> Verdict {
    let at = minutes(stage, 2, 5);
    let mut query = MetricQuery::metric(metric(stage, "Sum")?);
    query.result = "other".to_owned();
    refused("a result that is no line", stage.world().read(&[query], over(&at)?).await)
}

async fn math_that_is_none_is_refused<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::BadMathRefused)?;
    let at = minutes(stage, 2, 5);
    let spec = counted(stage, &at).await?;
    for expression in ["a +", "NO_SUCH_FUNCTION(a)", "a + zz"] {
        let query = math(&[("a", &spec)], expression);
        refused(expression, stage.world().read(&[query], over(&at)?).await)?;
    }
    Ok(())
}

/// An alarm on a metric of its own.
async fn alarm<S: Arrange>(stage: &S, comparison: Comparison) -> Result<AlarmName, Stop> {
    let query = MetricQuery::metric(metric(stage, "Average")?);
    stage.alarm(&AlarmScene { query, threshold: 50.0, comparison }).await
}

fn unknown<S: Arrange>(stage: &S) -> Result<AlarmName, Stop> {
    AlarmName::new(stage.unique("unknown")).map_err(|e| Stop::Failed(e.to_string()))
}

async fn alarms_come_by_name_and_missing_ones_do_not<S: Arrange>(stage: &S) -> Verdict {
    let [one, two] =
        [alarm(stage, Comparison::Above).await?, alarm(stage, Comparison::Above).await?];
    let other = alarm(stage, Comparison::Above).await?;
    let names = [two.clone(), unknown(stage)?, one.clone()];
    let found = stage.world().alarms(&names).await?;
    same("alarms", found.len(), 2)?;
    for name in [one, two] {
        same("name", found.get(&name).map(|a| a.name.clone()), Some(name))?;
    }
    holds(!found.contains_key(&other), "an alarm that nobody asked for")
}

async fn no_names_ask_for_nothing<S: Arrange>(stage: &S) -> Verdict {
    alarm(stage, Comparison::Above).await?;
    same("alarms", stage.world().alarms(&[]).await?.len(), 0)
}

async fn more_names_than_one_call_takes<S: Arrange>(stage: &S) -> Verdict {
    let name = alarm(stage, Comparison::Above).await?;
    let mut names = (0..100).map(|_| unknown(stage)).collect::<Result<Vec<_>, _>>()?;
    names.push(name.clone());
    let found = stage.world().alarms(&names).await?;
    same("alarms", found.into_keys().collect::<Vec<_>>(), vec![name])
}

async fn state<S: Arrange>(stage: &S, name: &AlarmName) -> Result<(AlarmState, Timestamp), Stop> {
    let found = stage.world().alarms(std::slice::from_ref(name)).await?;
    let alarm = found.get(name).ok_or_else(|| Stop::Failed(format!("{name} is gone")))?;
    Ok((alarm.state, alarm.since))
}

async fn a_new_alarm_has_insufficient_data<S: Arrange>(stage: &S) -> Verdict {
    stage.needs(Fact::AlarmsWait)?;
    let name = alarm(stage, Comparison::Above).await?;
    same("state", state(stage, &name).await?.0, AlarmState::InsufficientData)
}

async fn states_are_read_with_their_time<S: Arrange>(stage: &S) -> Verdict {
    let name = alarm(stage, Comparison::Above).await?;
    for to in [AlarmState::Alarm, AlarmState::Ok, AlarmState::InsufficientData] {
        stage.set_alarm(&name, to).await?;
        let (found, since) = state(stage, &name).await?;
        same("state", found, to)?;
        let ago = stage.world().now().duration_since(since).abs();
        holds(ago <= MINUTE * 5, format!("since {since}"))?;
    }
    Ok(())
}

async fn threshold_side_and_metric_of_an_alarm_are_read<S: Arrange>(stage: &S) -> Verdict {
    use Comparison::{Above, AtOrAbove, AtOrBelow, Below};
    for comparison in [Above, AtOrAbove, Below, AtOrBelow] {
        let spec = metric(stage, "Average")?;
        let query = MetricQuery::metric(spec.clone());
        let name = stage.alarm(&AlarmScene { query, threshold: 12.5, comparison }).await?;
        let found = stage.world().alarms(std::slice::from_ref(&name)).await?;
        let alarm = found.get(&name).ok_or_else(|| Stop::Failed(format!("{name} is gone")))?;
        same("threshold", alarm.threshold, Some(12.5))?;
        same("side", alarm.comparison, comparison)?;
        let watched = alarm.query.iter().flat_map(|query| &query.parts);
        let specs: Vec<_> = watched.map(|part| part.source.clone()).collect();
        same("metric", specs, vec![QuerySource::Metric(spec)])?;
        same("period", alarm.query.as_ref().map(|query| query.period_secs), Some(60))?;
    }
    Ok(())
}
