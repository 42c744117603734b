//! The main chart: traffic against the capacity in service, over the whole scored span, with
//! every minute that failed somebody.

use super::facts::{Facts, serving, share, unserved};
use super::plot::{CHAR, Frame, Key, NARROW, Sample, Size, WIDE, legend};
use super::write::{clip, escape, lasting, of_them, percent, px};
use crate::replay::PolicyRun;
use std::fmt::Write;
use std::ops::Range;

/// Above the frame: the units of the axes.
const HEAD: f64 = 26.0;
/// A row of failures: its caption and its bars.
const ROW: f64 = 40.0;
/// The time axis.
const FOOT: f64 = 44.0;

/// The chart for wide and for narrow screens.
pub fn both(facts: &Facts<'_>) -> String {
    [WIDE, NARROW].map(|size| drawn(facts, size)).concat()
}

fn drawn(facts: &Facts<'_>, size: Size) -> String {
    let (inner, height) = inside(facts, size, 0.0);
    format!(
        r#"<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{inner}</svg>"#,
        size.name,
        px(size.width),
        px(height),
        escape(&label(facts)),
    )
}

/// What the chart shows, in words.
pub fn label(facts: &Facts<'_>) -> String {
    let names: Vec<&str> = facts.drawn().map(|run| run.name.as_str()).collect();
    let span = lasting(facts.scored.len());
    format!("Traffic and the capacity in service of {} over {span}", names.join(" and of "))
}

/// The drawing from `top` on, and where it ends.
pub fn inside(facts: &Facts<'_>, size: Size, top: f64) -> (String, f64) {
    let frame = Frame::new(size, top + HEAD, size.tall, facts.scored.clone());
    let frame = frame.up_to(highest(facts, &facts.scored));
    let mut out = frame.scales(facts.capacity) + &layers(facts, &frame);
    let mut y = frame.bottom() + 10.0;
    for run in facts.drawn() {
        out.push_str(&failures(facts, &frame, run, y));
        y += ROW;
    }
    out.push_str(&frame.times(&facts.clock, y + 4.0, &span(facts, &facts.scored)));
    let (keys, height) = legend(size, y + 4.0 + FOOT, &keys(facts, size));
    (out + &keys, y + 4.0 + FOOT + height)
}

/// The first and the last day of a span, and the zone.
pub fn span(facts: &Facts<'_>, minutes: &Range<usize>) -> String {
    let clock = &facts.clock;
    let (first, last) = (minutes.start as f64, minutes.end.saturating_sub(1) as f64);
    let (first, last) = (clock.day(first), clock.day(last));
    let days = if first == last { first } else { format!("{first} to {last}") };
    format!("{days}, {}", clock.name)
}

/// The highest value drawn in these minutes, with some air; in instances.
pub fn highest(facts: &Facts<'_>, minutes: &Range<usize>) -> f64 {
    let needed = minutes.clone().map(|minute| facts.needed(minute)).fold(0.0, f64::max);
    let given = facts.drawn().flat_map(|run| minutes.clone().map(|minute| serving(run, minute)));
    given.fold(needed, f64::max).max(1.0) * 1.05
}

/// The other policy below, Tidegate above it, the traffic on top: what stands out above the
/// traffic is headroom.
fn layers(facts: &Facts<'_>, frame: &Frame) -> String {
    let traffic = frame.envelope(|minute| facts.needed(minute));
    let mut out = format!(r#"<path class="traffic-area" d="{}"/>"#, frame.area(&traffic));
    let runs: Vec<(&PolicyRun, &str)> = facts.drawn().zip(["ours", "other"]).collect();
    let dense = if facts.scored.len() as f64 > 12.0 * frame.inner() { " dense" } else { "" };
    for (run, class) in runs.into_iter().rev() {
        let given = frame.envelope(|minute| serving(run, minute));
        let _ = write!(
            out,
            r#"<path class="{class}" d="{}"/><path class="{class}-line{dense}" d="{}"/>"#,
            frame.band(&given),
            frame.edge(&given, "M"),
        );
    }
    let _ = write!(out, r#"<path class="traffic{dense}" d="{}"/>"#, frame.band(&traffic));
    out
}

/// One bar for each pixel column with unserved requests, by its worst minute.
fn failures(facts: &Facts<'_>, frame: &Frame, run: &PolicyRun, top: f64) -> String {
    let floor = top + ROW - 4.0;
    let worst = |minutes: Range<usize>| {
        let shares = minutes.map(|minute| share(unserved(run, minute), facts.load(minute)));
        shares.fold(0.0, f64::max)
    };
    let mut path = String::new();
    for minutes in frame.columns() {
        let (begin, end) = (frame.x(minutes.start as f64), frame.x(minutes.end as f64));
        let height = tall(worst(minutes));
        if height > 0.0 {
            let width = (end - begin).max(1.6);
            let _ = write!(
                path,
                "M{} {}h{}v{}h{}Z",
                px(begin),
                px(floor),
                px(width),
                px(-height),
                px(-width)
            );
        }
    }
    let most = ((frame.size.width - 4.0) / CHAR) as usize;
    format!(
        r#"<text class="row" x="{}" y="{}">{}</text><path class="grid" d="M{} {}H{}"/><path class="fail" d="{path}"/>"#,
        px(2.0),
        px(top + 11.0),
        escape(&caption(run, most)),
        px(frame.size.left),
        px(floor),
        px(frame.right()),
    )
}

/// Who failed how many: as much as there is room for; the name is cut before the numbers are.
fn caption(run: &PolicyRun, most: usize) -> String {
    let outcome = &run.outcome;
    let share = percent(outcome.unserved_percent());
    let minutes = of_them(f64::from(outcome.short_minutes), "minute", "minutes");
    let told = match outcome.unserved {
        none if none <= 0.0 => ["nothing unserved".to_owned(), "nothing unserved".to_owned()],
        _ => [format!("{share} unserved, in {minutes}"), format!("{share} unserved")],
    };
    let room = |told: &String| most.saturating_sub(told.chars().count() + 2);
    let fits = |told: &&String| run.name.chars().count() <= room(told);
    let [_, brief] = &told;
    let told = told.iter().find(fits).unwrap_or(brief);
    format!("{}: {told}", clip(&run.name, room(told)))
}

/// A bar's height by the share that its worst minute did not serve, percent.
fn tall(percent: f64) -> f64 {
    match percent {
        p if p <= 0.0 => 0.0,
        p if p < 1.0 => 5.0,
        p if p < 10.0 => 11.0,
        _ => 18.0,
    }
}

fn keys(facts: &Facts<'_>, size: Size) -> Vec<Key> {
    let key = |class, sample, text: &str| Key { class, sample, text: text.to_owned() };
    let mut keys = vec![key("traffic", Sample::Area, "traffic, as instances that would serve it")];
    for (run, (class, sample)) in
        facts.drawn().zip([("ours", Sample::Band), ("other", Sample::Band)])
    {
        let long = format!("in service: {}", run.name);
        let fits = long.chars().count() as f64 * CHAR <= size.width - 34.0;
        keys.push(key(class, sample, if fits { &long } else { &run.name }));
    }
    keys.push(key("failing", Sample::Bar, "unserved requests; by the worst minute"));
    keys
}

/// How to read the chart: its grain, its bars.
pub fn reading(facts: &Facts<'_>) -> String {
    let grain = facts.scored.len() as f64 / (WIDE.width - WIDE.left - WIDE.right);
    let grain = match grain.ceil() as usize {
        0 | 1 => "Every minute is drawn.".to_owned(),
        n => format!(
            "A pixel column holds up to {} and is drawn from their lowest to their highest, so \
             that no peak is averaged away.",
            lasting(n)
        ),
    };
    format!(
        "{grain} Below, a bar marks each column with unserved requests: low when the worst of its \
         minutes left less than 1 % unserved, middle below 10 %, tall above."
    )
}

/// The chart alone, with the colours of the page in it.
pub fn alone(facts: &Facts<'_>, headline: &[String], style: &str) -> String {
    let mut top = 12.0;
    let mut told = String::new();
    for line in headline {
        top += 22.0;
        let _ =
            write!(told, r#"<text class="headline" x="2" y="{}">{}</text>"#, px(top), escape(line));
    }
    let (inner, height) = inside(facts, WIDE, top + 12.0);
    let (width, height) = (px(WIDE.width + 40.0), px(height + 36.0));
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="-20 -14 {width} {height}" role="img" aria-label="{}"><style>{style}</style><rect class="paper" x="-20" y="-14" width="{width}" height="{height}"/>{told}{inner}</svg>
"#,
        escape(&label(facts)),
    )
}
