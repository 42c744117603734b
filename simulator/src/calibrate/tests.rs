//! Generated minutes of which the truth is known: what is found, how sure, and what is refused.

use super::*;
use crate::generate::{Chance, Shape, generate};
use std::fmt::Write as _;

/// An instance answers in 40 ms when idle and serves at most 1000 a minute.
const IDLE_MS: f64 = 40.0;
const MOST: f64 = 1_000.0;
/// 40 / (1 - 800 / 1000) = 200.
const AT_200_MS: f64 = 800.0;
/// 3 + 0.09 x 750 = 70.5.
const AT_70_5_CPU: f64 = 750.0;

/// What is wrong with the minutes.
#[derive(Clone, Copy)]
struct Trouble {
    /// Spread of the noise, relative, and what of it lasts to the next minute.
    noise: f64,
    lasts: f64,
    /// One minute in so many is eight times as slow, and has a CPU of nothing.
    outliers: u64,
}

const USUAL: Trouble = Trouble { noise: 0.2, lasts: 0.7, outliers: 100 };

/// Minutes of a fleet: total load and instances are given.
fn minutes(fleet: impl Iterator<Item = (f64, f64)>, trouble: Trouble, seed: u64) -> String {
    // Another seed than the load's: the same chance in both would make them go together.
    let (mut chance, mut noise) = (Chance(!seed), 0.0);
    let mut text = String::from("timestamp_utc,requests_per_minute,instances,cpu,latency_ms\n");
    let fresh = (1.0 - trouble.lasts * trouble.lasts).sqrt();
    for (minute, (load, instances)) in (29_459_520..).zip(fleet) {
        noise = noise * trouble.lasts + chance.normal() * fresh;
        let each = load / instances;
        let busy = (each / MOST).min(0.98);
        let out = trouble.outliers > 0 && chance.below(trouble.outliers) == 0;
        let latency = IDLE_MS / (1.0 - busy) * (trouble.noise * noise).exp();
        let latency = if out { 8.0 * latency } else { latency };
        let cpu = (3.0 + 0.09 * each + 20.0 * trouble.noise * noise).clamp(0.0, 100.0);
        let cpu = if out { 0.0 } else { cpu };
        let at = crate::trace::minute_text(minute);
        let _ = writeln!(text, "{at},{load:.1},{instances},{cpu:.2},{latency:.2}");
    }
    text
}

/// Days of people who chat, on `least` or, in every third hour of the evening, one more.
fn days(days: u32, scale: f64, least: f64, seed: u64) -> impl Iterator<Item = (f64, f64)> {
    let loads = generate(Shape::Chat, days, seed).loads.into_iter().enumerate();
    loads.map(move |(minute, load)| {
        let more = minute / 60 % 24 > 17 && minute / 60 % 3 == 0;
        (load * scale, least + f64::from(u8::from(more)))
    })
}

/// A load test: three instances, from 100 a minute each to 1000, five minutes a stage.
fn load_test() -> impl Iterator<Item = (f64, f64)> {
    (0..110_u32).map(|minute| (3.0 * (100.0 + f64::from(minute / 5) * 43.0), 3.0))
}

fn latency(ms: f64) -> Ask {
    Ask {
        data: "-".into(),
        slo_latency_ms: Some(ms),
        cpu_at_slo: None,
        load: "load".into(),
        instances: "instances".into(),
        latency: "latency_ms".into(),
        cpu: "cpu".into(),
        average: false,
        json: false,
    }
}

fn cpu(percent: f64) -> Ask {
    Ask { slo_latency_ms: None, cpu_at_slo: Some(percent), ..latency(1.0) }
}

fn found(text: &str, ask: &Ask) -> Answer {
    answer(text.as_bytes(), ask).unwrap()
}

fn refused(text: &str, ask: &Ask) -> String {
    answer(text.as_bytes(), ask).unwrap_err().to_string()
}

/// In how many of 100 cases the interval holds the truth, and how far off the estimate is at
/// most in nine of ten.
fn coverage(ask: &Ask, truth: f64, data: impl Fn(u64) -> String) -> (usize, f64) {
    let (mut held, mut off) = (0, Vec::new());
    for seed in 0..100 {
        let answer = found(&data(seed), ask);
        let high = answer.high.unwrap_or(f64::INFINITY);
        held += usize::from((answer.low..=high).contains(&truth));
        off.push((answer.estimate / truth - 1.0).abs());
    }
    off.sort_by(f64::total_cmp);
    (held, off[90])
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let calm = Trouble { noise: 0.05, lasts: 0.0, outliers: 0 };
    let sticky = Trouble { noise: 0.2, lasts: 0.95, outliers: 100 };
    for (name, ask, truth, trouble) in [
        ("latency", latency(200.0), AT_200_MS, USUAL),
        ("latency, calm", latency(200.0), AT_200_MS, calm),
        ("latency, noise that lasts", latency(200.0), AT_200_MS, sticky),
        ("CPU", cpu(70.5), AT_70_5_CPU, USUAL),
        ("CPU, calm", cpu(70.5), AT_70_5_CPU, calm),
        ("CPU, noise that lasts", cpu(70.5), AT_70_5_CPU, sticky),
    ] {
        let data = |seed| minutes(days(7, 1.1, 2.0, seed), trouble, seed);
        let (held, off) = coverage(&ask, truth, data);
        println!("{name}: {held} of 100, off by {:.1} %", 100.0 * off);
        assert!(held >= 88, "{name}: {held} of 100");
        assert!(off < 0.05, "{name}: off by {:.1} %", 100.0 * off);
    }
}

#[test]
fn a_load_test_is_enough() {
    for (name, ask, truth) in
        [("latency", latency(200.0), AT_200_MS), ("CPU", cpu(70.5), AT_70_5_CPU)]
    {
        let trouble = Trouble { noise: 0.1, lasts: 0.3, outliers: 100 };
        let (held, off) = coverage(&ask, truth, |seed| minutes(load_test(), trouble, seed));
        println!("{name}: {held} of 100, off by {:.1} %", 100.0 * off);
        assert!(held >= 85, "{name}: {held} of 100");
        assert!(off < 0.05, "{name}: off by {:.1} %", 100.0 * off);
    }
}

#[test]
fn a_load_test_among_quiet_days_is_found() {
    let quiet = (0..3 * 1440).map(|_| (300.0, 3.0));
    let text = minutes(quiet.chain(load_test()), USUAL, 1);
    let answer = found(&text, &latency(200.0));
    assert!((answer.estimate / AT_200_MS - 1.0).abs() < 0.1, "{answer:?}");
}

#[test]
fn the_answer_for_the_policy() {
    let text = minutes(days(7, 1.1, 2.0, 1), USUAL, 1);
    let answer = found(&text, &latency(200.0));
    assert_eq!(answer, found(&text, &latency(200.0)), "no chance in it");
    assert!(answer.capacity_per_instance <= answer.low && answer.low <= answer.estimate);
    assert!(answer.capacity_per_instance > 0.99 * answer.low);
    let changes = answer.dropped.instances_changed;
    // Two evening hours of one more: four changes a day, two minutes each; and both ends.
    assert_eq!(changes, 7 * 4 * 2 + 2, "{answer:?}");
    let words = answer.words();
    let lines = format!(
        "capacity_per_instance = {}\n# capacity_confirmed = true   # for sizing = \"on\": 200 ms, \
         measured 2026-01-05 to 2026-01-11\n",
        answer.capacity_per_instance
    );
    for said in ["a minute at 200 ms (95 of 100: ", "left out: 58 while the number of", &lines] {
        assert!(words.contains(said), "{said}\n{words}");
    }
    let json: serde_json::Value = serde_json::from_str(&answer.json()).unwrap();
    assert_eq!(json["capacity_per_instance"], answer.capacity_per_instance);
}

#[test]
fn minutes_that_are_not_steady_are_left_out() {
    // While an instance comes its minutes would show half the load at the same latency.
    let fleet = days(7, 1.1, 2.0, 1).enumerate().map(|(minute, (load, n))| {
        let comes = minute % 30 == 0;
        (if minute % 30 == 15 { load * 3.0 } else { load }, if comes { n + 3.0 } else { n })
    });
    let answer = found(&minutes(fleet, USUAL, 1), &latency(200.0));
    let (changed, jumped) = (answer.dropped.instances_changed, answer.dropped.load_jumped);
    assert!(changed > 900 && jumped > 500, "{answer:?}");
    assert!((answer.estimate / AT_200_MS - 1.0).abs() < 0.03, "{answer:?}");
}

#[test]
fn data_that_tells_nothing_is_refused() {
    let week = |scale: f64| minutes(days(7, scale, 2.0, 1), USUAL, 1);
    let short = week(1.1).lines().take(50).fold(String::new(), |text, line| text + line + "\n");
    let flat = minutes((0..600).map(|_| (500.0, 1.0)), USUAL, 1);
    let usual = week(1.1);
    let reversed = minutes((0..600).map(|n| (500.0 + f64::from(n), 1.0)), USUAL, 1)
        .lines()
        .enumerate()
        .map(|(n, line)| match line.rsplitn(3, ',').collect::<Vec<_>>()[..] {
            [latency, _, rest] if n > 0 => format!("{rest},{},{latency}\n", 90 - n / 10),
            _ => format!("{line}\n"),
        })
        .collect::<String>();
    for (name, text, ask, why) in [
        ("too few", short.as_str(), latency(200.0), "47 steady minutes are too few: at least 60"),
        ("no spread", flat.as_str(), latency(80.0), "hardly varies, from 500 to 500"),
        ("never near", &week(0.2), latency(200.0), "never came to the SLO of 200 ms: at most"),
        ("never near", &week(0.2), latency(200.0), "run a load test"),
        ("never near, CPU", &week(0.2), cpu(70.5), "never came to the SLO of 70.5 % CPU"),
        ("always above", &usual, latency(30.0), "even at the least load"),
        ("the wrong way", &reversed, cpu(70.5), "more load does not go with more CPU"),
        (
            "no column",
            &usual.replace("latency_ms", "p95"),
            latency(1.0),
            "no column \"latency_ms\"; \
          there is load, instances, cpu",
        ),
        ("a wrong row", &usual.replacen(",2,", ",-2,", 2), latency(1.0), "2 fault(s)"),
        ("none of them", &usual, Ask { slo_latency_ms: None, ..latency(1.0) }, "one of --slo"),
    ] {
        let said = refused(text, &ask);
        assert!(said.contains(why), "{name}: {said}");
    }
}

/// CloudWatch's JSON of three metrics.
fn export(text: &str, period: usize, skip: &str) -> String {
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|row| row.split(',').collect()).collect();
    let rows: Vec<&Vec<&str>> = rows.iter().step_by(period).collect();
    let ids = [("load", 1), ("instances", 2), ("latency_ms", 4)];
    let results = ids.into_iter().filter(|(id, _)| *id != skip).map(|(id, column)| {
        let times: Vec<String> = rows.iter().map(|row| format!("{:?}", row[0])).collect();
        let values: Vec<String> = rows
            .iter()
            .map(|row| match id {
                "load" => (row[column].parse::<f64>().unwrap() * period as f64).to_string(),
                _ => row[column].to_owned(),
            })
            .collect();
        format!(
            "{{\"Id\":{id:?},\"Label\":\"x\",\"Timestamps\":[{}],\"Values\":[{}],\
             \"StatusCode\":\"Complete\"}}",
            times.join(","),
            values.join(",")
        )
    });
    let results: Vec<String> = results.collect();
    format!("{{\"MetricDataResults\":[{}]}}", results.join(","))
}

#[test]
fn from_cloudwatch() {
    let text = minutes(days(7, 1.1, 2.0, 1), Trouble { lasts: 0.0, ..USUAL }, 1);
    let rows = found(&text, &latency(200.0));
    assert_eq!(found(&export(&text, 1, ""), &latency(200.0)).estimate, rows.estimate);
    let coarse = found(&export(&text, 5, ""), &latency(200.0));
    assert!((coarse.estimate / rows.estimate - 1.0).abs() < 0.05, "{coarse:?}");
    assert!(coarse.notes[0].contains("one of 5 minutes"), "{:?}", coarse.notes);
    let missing = refused(&export(&text, 1, "latency_ms"), &latency(200.0));
    assert!(missing.contains("no column \"latency_ms\"; there is instances"), "{missing}");
}

#[test]
fn three_digits_and_never_more_than_it_was() {
    for (load, want) in
        [(588.4, 588.0), (1_239.9, 1_230.0), (0.123_9, 0.123), (7.0, 7.0), (99.99, 99.9)]
    {
        assert_eq!(rounded_down(load), want, "{load}");
    }
}
