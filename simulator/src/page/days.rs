//! Two days by the minute: the one with the worst run, and a typical one. Traffic, capacity, the
//! gap where people were failed, and the largest moves by number, with their reasons below.

use super::chart::{highest, span};
use super::facts::{Facts, serving, unserved};
use super::plot::{Frame, Key, NARROW, Sample, Size, WIDE, down, legend, spread, up};
use super::words::{initial, is_move, together};
use super::write::{escape, lasting, number, of_them, percent, px};
use crate::page::facts::share;
use crate::replay::Told;
use std::fmt::Write;
use std::ops::Range;

/// Numbered moves of a day: as many as stand side by side on a phone.
const NUMBERED: usize = 8;
/// Of these, kept for the worst run.
const OF_THE_RUN: usize = 4;
/// Others stand at least so far from each other, so that they tell of the whole day.
const APART_SECS: u64 = 120 * 60;
/// Above the frame: units, and the numbers.
const HEAD: f64 = 62.0;
/// A row of the minutes with unserved requests, under the frame.
const FAILING: f64 = 9.0;
/// The lane of all moves.
const LANE: f64 = 28.0;
/// The time axis.
const FOOT: f64 = 44.0;

/// A day, and what is told of it.
struct Day<'a> {
    title: String,
    text: String,
    minutes: Range<usize>,
    /// The largest moves, oldest first.
    moves: Vec<&'a Told>,
}

/// The section.
pub fn section(facts: &Facts<'_>) -> String {
    let days: String = days(facts).iter().map(|day| show(facts, day)).collect();
    if days.is_empty() {
        return String::new();
    }
    format!("<section id=\"days\">\n<h2>Two days, minute by minute</h2>\n{days}</section>\n")
        .replace("Two days", if days.matches("<h3>").count() == 1 { "One day" } else { "Two days" })
}

fn days<'a>(facts: &'a Facts<'_>) -> Vec<Day<'a>> {
    let Some(worst) = worst_day(facts) else { return Vec::new() };
    let typical = facts.typical_day(&worst.minutes).map(|minutes| Day {
        title: format!("A typical day: {}", facts.clock.day(minutes.start as f64)),
        text: format!(
            "Of all scored days, its load is the closest to their mean. {}",
            told(facts, &minutes)
        ),
        moves: largest(facts, &minutes, &(0..0)),
        minutes,
    });
    [worst].into_iter().chain(typical).collect()
}

/// The day of the worst run; of the highest load when nobody was failed.
fn worst_day<'a>(facts: &'a Facts<'_>) -> Option<Day<'a>> {
    let Some(short) = facts.ours().and_then(|run| facts.worst(run)) else {
        let peak = facts.peak()?;
        let minutes = facts.day_of(peak);
        let title = format!("The day of the highest load: {}", facts.clock.day(peak as f64));
        let moves = largest(facts, &minutes, &(0..0));
        return Some(Day { title, text: told(facts, &minutes), moves, minutes });
    };
    let middle = short.minutes.start + short.minutes.len() / 2;
    let minutes = facts.day_of(middle);
    let text = format!(
        "The longest run of unserved minutes: {} from {} on; {} of its requests were unserved. {}",
        lasting(short.minutes.len()),
        facts.clock.time(short.minutes.start as f64),
        percent(share(short.unserved, short.requests)),
        told(facts, &minutes),
    );
    let title = format!("The day of the worst run: {}", facts.clock.day(middle as f64));
    let moves = largest(facts, &minutes, &short.minutes);
    Some(Day { title, text, moves, minutes })
}

/// The day in numbers.
fn told(facts: &Facts<'_>, minutes: &Range<usize>) -> String {
    let told = |run| {
        let hours = minutes.clone().map(|minute| serving(run, minute)).sum::<f64>() / 60.0;
        let lost = minutes.clone().map(|minute| unserved(run, minute)).sum::<f64>();
        let all = minutes.clone().map(|minute| facts.load(minute)).sum::<f64>();
        (number(hours, 0), percent(share(lost, all)))
    };
    let mut parts = facts.drawn().map(|run| {
        let (hours, lost) = told(run);
        let name = initial(&run.name);
        format!("{name}: {hours} instance-hours in service, {lost} unserved")
    });
    let first = parts.next().unwrap_or_default();
    parts.next().map_or(format!("{first}."), |second| format!("{first}. {second}."))
}

/// The largest moves of these minutes, those around a run first; oldest first.
fn largest<'a>(facts: &'a Facts<'_>, minutes: &Range<usize>, run: &Range<usize>) -> Vec<&'a Told> {
    let near = run.start.saturating_sub(10)..run.end + 10;
    let around = if run.is_empty() { 0..0 } else { near };
    let mut moves = moves(facts, minutes);
    moves.sort_by_key(|told| (std::cmp::Reverse(told.from.abs_diff(told.to)), told.second));
    let is_near = |told: &&&Told| around.contains(&minute_of(told));
    let mut chosen: Vec<&Told> = moves.iter().filter(is_near).take(OF_THE_RUN).copied().collect();
    for told in moves {
        let apart = |other: &&Told| other.second.abs_diff(told.second) >= APART_SECS;
        if chosen.len() < NUMBERED && chosen.iter().all(apart) {
            chosen.push(told);
        }
    }
    chosen.sort_by_key(|told| told.second);
    chosen
}

fn moves<'a>(facts: &'a Facts<'_>, minutes: &Range<usize>) -> Vec<&'a Told> {
    let all = facts.ours().map(|run| run.decisions.as_slice()).unwrap_or_default();
    all.iter().filter(|told| is_move(told) && minutes.contains(&minute_of(told))).collect()
}

fn minute_of(told: &Told) -> usize {
    usize::try_from(told.second / 60).unwrap_or(usize::MAX)
}

fn show(facts: &Facts<'_>, day: &Day<'_>) -> String {
    let charts = [WIDE, NARROW].map(|size| chart(facts, day, size)).concat();
    format!(
        "<h3>{}</h3>\n<p>{}</p>\n<figure>{charts}</figure>\n{}",
        escape(&day.title),
        escape(&together(&day.text)),
        list(facts, day),
    )
}

/// The numbered moves in words.
fn list(facts: &Facts<'_>, day: &Day<'_>) -> String {
    if day.moves.is_empty() {
        return "<p class=\"note\">No decision changed the capacity on this day.</p>\n".to_owned();
    }
    let all = moves(facts, &day.minutes).len();
    let items: String = day
        .moves
        .iter()
        .enumerate()
        .map(|(place, told)| {
            format!(
                "<li><span class=\"n\">{}</span>{}</li>\n",
                place + 1,
                line(&facts.clock.time(told.second as f64 / 60.0), told)
            )
        })
        .collect();
    let rest = match all - day.moves.len() {
        0 => String::new(),
        rest => format!(
            "<p class=\"note\">And {}.</p>\n",
            of_them(rest as f64, "smaller move", "smaller moves")
        ),
    };
    format!("<ol class=\"list\">\n{items}</ol>\n{rest}")
}

/// One decision in a line.
pub fn line(time: &str, told: &Told) -> String {
    let change = match told.from.cmp(&told.to) {
        std::cmp::Ordering::Less => format!("<b class=\"up\">▲ {} → {}</b>", told.from, told.to),
        std::cmp::Ordering::Greater => {
            format!("<b class=\"down\">▼ {} → {}</b>", told.from, told.to)
        }
        std::cmp::Ordering::Equal => format!("<b>held at {}</b>", told.to),
    };
    format!("<time>{}</time> {change} {}", escape(time), escape(&told.text))
}

fn chart(facts: &Facts<'_>, day: &Day<'_>, size: Size) -> String {
    let frame = Frame::new(size, HEAD, size.low, day.minutes.clone());
    let frame = frame.up_to(highest(facts, &day.minutes)).units(HEAD - 12.0);
    let lane = frame.bottom() + FAILING + 6.0 + LANE / 2.0;
    let foot = frame.bottom() + FAILING + 12.0 + LANE;
    let (keys, height) = legend(size, foot + FOOT, &keys(facts));
    format!(
        r#"<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}{}{}{keys}</svg>"#,
        size.name,
        px(size.width),
        px(foot + FOOT + height),
        escape(&day.title),
        frame.scales(facts.capacity),
        lines(facts, &frame) + &failing(facts, &frame),
        every(facts, &frame, lane),
        numbers(&frame, &day.moves),
        frame.times(&facts.clock, foot, &span(facts, &day.minutes)),
    )
}

fn lines(facts: &Facts<'_>, frame: &Frame) -> String {
    let traffic = frame.envelope(|minute| facts.needed(minute));
    let mut out = format!(r#"<path class="traffic-area" d="{}"/>"#, frame.area(&traffic));
    let _ = write!(out, r#"<path class="traffic-line" d="{}"/>"#, frame.edge(&traffic, "M"));
    let runs: Vec<_> = facts.drawn().zip(["ours-line", "other-line"]).collect();
    for (run, class) in runs.into_iter().rev() {
        let given = frame.envelope(|minute| serving(run, minute));
        let _ = write!(out, r#"<path class="{class}" d="{}"/>"#, frame.edge(&given, "M"));
    }
    out
}

/// The gap between traffic and what was served, minute by minute, and a row of these minutes.
fn failing(facts: &Facts<'_>, frame: &Frame) -> String {
    let (mut gaps, mut row) = (String::new(), String::new());
    let minutes = facts.ours().into_iter().flat_map(|run| {
        let failed = |minute: &usize| unserved(run, *minute) > 0.0;
        frame.minutes.clone().filter(failed)
    });
    for minute in minutes {
        let (begin, end) = (frame.x(minute as f64), frame.x(minute as f64 + 1.0));
        let (high, low) = (frame.y(facts.needed(minute)), frame.y(served(facts, minute)));
        let (x, wide) = (px(begin), (end - begin).max(1.0));
        let _ = write!(gaps, "M{x} {}h{}V{}h{}Z", px(low), px(wide), px(high), px(-wide));
        let _ = write!(row, "M{x} {}h{}v6h{}Z", px(frame.bottom() + 2.0), px(wide), px(-wide));
    }
    format!(r#"<path class="fail" d="{gaps}"/><path class="fail" d="{row}"/>"#)
}

/// The instances' worth of load that Tidegate served in a minute.
fn served(facts: &Facts<'_>, minute: usize) -> f64 {
    let lost = facts.ours().map_or(0.0, |run| unserved(run, minute));
    (facts.needed(minute) - lost / facts.capacity).max(0.0)
}

/// Every move: a stroke up or down from the lane's middle.
fn every(facts: &Facts<'_>, frame: &Frame, y: f64) -> String {
    let (mut raises, mut lowers) = (String::new(), String::new());
    for told in moves(facts, &frame.minutes) {
        let x = px(frame.x(told.second as f64 / 60.0));
        let _ = if told.to > told.from {
            write!(raises, "M{x} {}v-9", px(y - 1.5))
        } else {
            write!(lowers, "M{x} {}v9", px(y + 1.5))
        };
    }
    format!(
        r#"<path class="grid" d="M{} {}H{}"/><path class="raises" d="{raises}"/><path class="lowers" d="{lowers}"/>"#,
        px(frame.size.left),
        px(y),
        px(frame.right()),
    )
}

/// The numbered moves: a triangle where the capacity is afterwards, and its number above.
fn numbers(frame: &Frame, moves: &[&Told]) -> String {
    let at: Vec<f64> = moves.iter().map(|told| frame.x(told.second as f64 / 60.0)).collect();
    let places = spread(&at, 21.0, frame.size.left + 10.0, frame.right() - 10.0);
    let mut out = String::new();
    for (place, ((told, x), label)) in moves.iter().zip(&at).zip(&places).enumerate() {
        let (y, top) = (frame.y(f64::from(told.to)), frame.top - 16.0);
        let (class, shape) = if told.to > told.from {
            ("raise", up(*x, y, 6.0))
        } else {
            ("lower", down(*x, y, 6.0))
        };
        let _ = write!(
            out,
            r#"<path class="lead" d="M{} {}L{} {}V{}"/><path class="{class}" d="{shape}"/><circle class="disc" cx="{}" cy="{}" r="9"/><text class="digit" x="{}" y="{}">{}</text>"#,
            px(*label),
            px(top + 9.0),
            px(*x),
            px(frame.top),
            px(y),
            px(*label),
            px(top),
            px(*label),
            px(top + 4.5),
            place + 1,
        );
    }
    out
}

fn keys(facts: &Facts<'_>) -> Vec<Key> {
    let key = |class, sample, text: &str| Key { class, sample, text: text.to_owned() };
    let mut keys = vec![key("traffic-line", Sample::Line, "traffic")];
    for (run, class) in facts.drawn().zip(["ours-line", "other-line"]) {
        keys.push(key(class, Sample::Line, &run.name));
    }
    keys.push(key("fail", Sample::Area, "unserved; below, in which minutes"));
    keys.push(key("raise", Sample::Up, "raised"));
    keys.push(key("lower", Sample::Down, "lowered"));
    keys.push(key("raises", Sample::Bar, "every move, in the lane"));
    keys
}
