//! Unserved requests by the hour of the day: when are people failed?

use super::facts::{Facts, Hour};
use super::plot::{CHAR, NARROW, Size, WIDE};
use super::write::{clip, escape, percent, px};
use crate::replay::PolicyRun;
use std::fmt::Write;

/// Height of a row of bars, its caption above it.
const ROW: f64 = 70.0;
const CAPTION: f64 = 22.0;

/// The section.
pub fn section(facts: &Facts<'_>) -> String {
    let failing: Vec<(&PolicyRun, &str)> = facts.drawn().zip(["ours-bar", "other-bar"]).collect();
    if facts.scored.is_empty() {
        return String::new();
    }
    let none = failing.iter().all(|(run, _)| run.outcome.unserved <= 0.0);
    let body = if none {
        "<p>At no hour: nothing went unserved.</p>\n".to_owned()
    } else {
        let charts = [WIDE, NARROW].map(|size| chart(facts, &failing, size)).concat();
        format!("<figure>{charts}</figure>\n{NOTE}")
    };
    format!("<section id=\"hours\">\n<h2>When people are failed</h2>\n{body}</section>\n")
}

const NOTE: &str = "<p class=\"note\">Share of each hour's requests that went unserved, over all \
    scored days. Each policy has its own scale: its highest hour is written on it.</p>\n";

fn chart(facts: &Facts<'_>, runs: &[(&PolicyRun, &str)], size: Size) -> String {
    let mut out = String::new();
    let mut top = 0.0;
    for (run, class) in runs {
        out.push_str(&row(facts, run, class, (size, top)));
        top += CAPTION + ROW;
    }
    let every = if size == WIDE { 1 } else { 3 };
    for hour in (0..24).step_by(every) {
        let x = place(size, hour) + step(size) / 2.0;
        let _ = write!(
            out,
            r#"<text class="tick mid" x="{}" y="{}">{hour:02}</text>"#,
            px(x),
            px(top + 16.0)
        );
    }
    let zone = format!("hour of the day, {}", facts.clock.name);
    let middle = px(size.width / 2.0);
    let _ = write!(
        out,
        r#"<text class="unit mid" x="{middle}" y="{}">{}</text>"#,
        px(top + 36.0),
        escape(&zone)
    );
    format!(
        r#"<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="Unserved requests by the hour of the day, percent">{out}</svg>"#,
        size.name,
        px(size.width),
        px(top + 44.0),
    )
}

fn step(size: Size) -> f64 {
    (size.width - 8.0) / 24.0
}

fn place(size: Size, hour: usize) -> f64 {
    4.0 + step(size) * hour as f64
}

/// One policy's bars from `top` on; the highest has its value on it.
fn row(facts: &Facts<'_>, run: &PolicyRun, class: &str, (size, top): (Size, f64)) -> String {
    let hours = facts.by_hour(run);
    let highest = hours.iter().map(Hour::percent).fold(0.0, f64::max);
    let floor = top + CAPTION + ROW - 2.0;
    let none = if highest > 0.0 { "" } else { ": nothing unserved" };
    let caption = clip(&format!("{}, % unserved{none}", run.name), (size.width / CHAR) as usize);
    let mut out = format!(
        r#"<text class="row" x="2" y="{}">{}</text><path class="axis" d="M2 {}H{}"/>"#,
        px(top + 14.0),
        escape(&caption),
        px(floor),
        px(size.width - 2.0),
    );
    let mut named = false;
    for (hour, share) in
        hours.iter().map(Hour::percent).enumerate().filter(|(_, share)| *share > 0.0)
    {
        let height = ((ROW - 24.0) * share / highest).max(1.5);
        let (x, width) = (place(size, hour) + 1.0, step(size) - 2.0);
        let _ = write!(
            out,
            r#"<rect class="{class}" x="{}" y="{}" width="{}" height="{}"><title>{hour:02}:00 {}</title></rect>"#,
            px(x),
            px(floor - height),
            px(width),
            px(height),
            percent(share),
        );
        if share >= highest && !named {
            named = true;
            let middle = (x + width / 2.0).clamp(28.0, size.width - 28.0);
            let _ = write!(
                out,
                r#"<text class="mid key" x="{}" y="{}">{}</text>"#,
                px(middle),
                px(floor - height - 4.0),
                percent(share)
            );
        }
    }
    out
}
