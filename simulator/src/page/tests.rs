//! The page is well formed, whole by itself, bounded, and right for odd rehearsals.

use super::{html, sample, svg};
use crate::generate::{Shape, generate};
use crate::plant::Outcome;
use crate::replay::{Rehearsal, Told, Wrought};
use std::collections::BTreeSet;

/// Every tag of a document, attributes included, without its brackets.
fn tags(document: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = document;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, next) = after.split_once('>').expect("a tag that ends");
        assert!(!tag.contains('<'), "{tag}");
        tags.push(tag);
        rest = next;
    }
    tags
}

/// Every tag is closed, in order; attributes are quoted and none comes twice; nothing is outside.
fn assert_well_formed(document: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in tags(document) {
        if tag.starts_with("!DOCTYPE") {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closes what is not open");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert_attributes(attributes.trim_end_matches('/'), tag);
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "never closed");
    let entities = document.split('&').skip(1);
    for entity in entities {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(known.iter().any(|k| entity.starts_with(k)), "&{}", &entity[..entity.len().min(9)]);
    }
}

fn assert_attributes(attributes: &str, tag: &str) {
    let mut names = BTreeSet::new();
    let mut rest = attributes.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{tag}"));
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{tag}");
        assert!(names.insert(name), "twice: {tag}");
        let (_, after) = after.split_once('"').unwrap_or_else(|| panic!("{tag}"));
        rest = after.trim_start();
    }
}

/// What holds for every page and every drawing.
fn assert_sound(rehearsal: &Rehearsal, name: &str) {
    for document in [html(rehearsal), svg(rehearsal)] {
        assert_well_formed(&document);
        let lone = document.replacen("xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
        for outside in
            ["http:", "https:", "url(", " src=", "@import", "<script", "<link", "href=\"/"]
        {
            assert!(!lone.contains(outside), "{name}: {outside}");
        }
        for word in ["NaN", "inf", "nan", "undefined"] {
            let numbers = lone.split(&['>', '"', ' '][..]).filter(|part| part.starts_with(word));
            assert_eq!(numbers.count(), 0, "{name}: {word}");
        }
        let ids: Vec<&str> = tags(&lone)
            .into_iter()
            .filter_map(|tag| tag.split_once(" id=\""))
            .map(|(_, id)| id)
            .collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name}");
        assert!(document.len() <= 1_500_000, "{name}: {} bytes", document.len());
        assert_eq!(within_the_drawing(&lone), Vec::<String>::new(), "{name}");
    }
}

/// Texts whose anchor lies outside of their drawing.
fn within_the_drawing(document: &str) -> Vec<String> {
    let mut width = f64::MAX;
    let mut outside = Vec::new();
    for tag in tags(document) {
        if let Some((_, view)) = tag.split_once("viewBox=\"") {
            let numbers: Vec<f64> =
                view.split('"').next().unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
            width = numbers[0] + numbers[2];
        }
        if tag.starts_with("text") {
            let x: f64 =
                tag.split_once(" x=\"").unwrap().1.split('"').next().unwrap().parse().unwrap();
            if !(0.0..=width).contains(&x) {
                outside.push(tag.to_owned());
            }
        }
    }
    outside
}

fn plain(document: &str) -> String {
    document.replace('\u{a0}', " ")
}

fn flat(days: usize, load: f64, serving: f32) -> Rehearsal {
    let mut rehearsal = sample::of_two_days();
    let unserved = (load - f64::from(serving) * rehearsal.fleet.capacity).max(0.0);
    rehearsal.loads = vec![load; days * 1440];
    for run in &mut rehearsal.runs {
        run.minutes =
            vec![Wrought { serving, billed: serving, unserved: unserved as f32 }; days * 1440];
        let n = (days * 1440) as f64;
        run.outcome = Outcome {
            hours: n / 60.0 * f64::from(serving),
            requests: load * n,
            unserved: unserved * n,
            unserved_hours: 0.0,
            launches: 0,
            short_minutes: if unserved > 0.0 { n as u32 } else { 0 },
            worst_run: if unserved > 0.0 { n as u32 } else { 0 },
        };
    }
    rehearsal
}

#[test]
fn every_shape_of_load_gives_a_sound_page() {
    for shape in Shape::ALL {
        assert_sound(&sample::of(shape, 9, 2), &shape.to_string());
    }
}

#[test]
fn odd_rehearsals_are_sound() {
    let usual = sample::of_two_days();
    let with = |change: &dyn Fn(&mut Rehearsal)| {
        let mut rehearsal = usual.clone();
        change(&mut rehearsal);
        rehearsal
    };
    let capacity = usual.fleet.capacity;
    let cases = [
        ("two days", usual.clone()),
        ("one policy", with(&|r| r.runs.truncate(1))),
        ("no policy", with(&|r| r.runs.clear())),
        ("no minute", with(&|r| r.loads.clear())),
        ("nothing scored", with(&|r| r.scored_from = usize::MAX)),
        ("one minute", with(&|r| r.scored_from = r.loads.len() - 1)),
        ("no oracle", with(&|r| r.oracle_hours = 0.0)),
        ("an oracle that is no number", with(&|r| r.oracle_hours = f64::NAN)),
        ("no capacity", with(&|r| r.fleet.capacity = 0.0)),
        (
            "loads that are none",
            with(&|r| r.loads.iter_mut().step_by(7).for_each(|l| *l = f64::NAN)),
        ),
        ("a run cut short", with(&|r| r.runs[0].minutes.truncate(700))),
        ("no decision", with(&|r| r.runs[0].decisions.clear())),
        ("no zone", with(&|r| r.time_zone = "nowhere".to_owned())),
        ("long ago", with(&|r| r.first = i64::MIN / 4)),
        ("no load", flat(3, 0.0, 1.0)),
        ("nobody failed", flat(3, capacity, 1.0)),
        ("everybody failed", flat(3, capacity * 50.0, 0.0)),
        ("a fleet of 1", flat(3, capacity * 0.5, 1.0)),
        ("a fleet of 5,000", flat(3, capacity * 5_200.0, 5_000.0)),
    ];
    for (name, rehearsal) in cases {
        assert_sound(&rehearsal, name);
    }
}

#[test]
fn the_headline_has_the_numbers() {
    let mut rehearsal = flat(30, 1_000.0, 1.0);
    let set = |outcome: &mut Outcome, hours, unserved| {
        (outcome.hours, outcome.unserved) = (hours, unserved);
        outcome.requests = 41_200_000.0;
    };
    set(&mut rehearsal.runs[0].outcome, 2_410.0, 4_120.0);
    set(&mut rehearsal.runs[1].outcome, 3_651.0, 0.0);
    rehearsal.oracle_hours = 2_274.0;
    let page = plain(&html(&rehearsal));
    let headline = "Tidegate would have served all but 0.010 % of 41.2 million requests with 2,410 \
        instance-hours: 34 % fewer than target tracking 50 % (which would have served all), 6.0 % \
        more than the least possible.";
    assert!(
        page.contains(headline),
        "{}",
        page.split("headline-text\">").nth(1).unwrap_or_default().split("</p>").next().unwrap()
    );
    let everybody = plain(&html(&flat(3, 1e6, 0.0)));
    assert!(everybody.contains("Tidegate would have served none of"));
    assert!(plain(&html(&flat(3, 1.0, 1.0))).contains("Tidegate would have served all of"));
    assert!(plain(&html(&flat(3, 1.0, 1.0))).contains("At no hour: nothing went unserved."));
}

#[test]
fn names_and_reasons_cannot_break_out() {
    let mut rehearsal = sample::of_two_days();
    let evil = "</title><script>alert('&')</script>\"><img src=x onerror=y>";
    rehearsal.trace = evil.to_owned();
    rehearsal.time_zone = evil.to_owned();
    let ours = &mut rehearsal.runs[0];
    ours.name = evil.to_owned();
    ours.bill.as_mut().unwrap().lines[0].what = evil.to_owned();
    ours.rules[0].text = evil.to_owned();
    for told in &mut ours.decisions {
        (told.code, told.text) = (evil.to_owned(), evil.to_owned());
    }
    rehearsal.runs[1].name = evil.to_owned();
    for document in [html(&rehearsal), svg(&rehearsal)] {
        assert_well_formed(&document);
        assert!(!document.contains("<script") && !document.contains("<img"));
        assert!(document.contains("&lt;script&gt;"));
    }
}

#[test]
fn axes_have_units_and_lines_have_names() {
    let rehearsal = sample::of_two_days();
    let (page, drawing) = (html(&rehearsal), svg(&rehearsal));
    // The main chart and two days, wide and narrow.
    assert_eq!(page.matches(">instances</text>").count(), 6);
    for document in [&page, &drawing] {
        assert!(document.contains(">requests/min</text>"));
        assert!(document.contains("2026, Asia/Seoul</text>"));
        for name in ["in service: Tidegate, sizing on", "in service: target tracking 50 %"] {
            assert!(document.contains(name), "{name}");
        }
    }
    assert!(page.contains("hour of the day, Asia/Seoul</text>"));
}

#[test]
fn lists_end_and_say_what_they_leave_out() {
    let mut rehearsal = sample::of_two_days();
    let told = |n: u64, to| Told {
        second: n,
        from: 5,
        to,
        code: "baking".into(),
        text: "b".repeat(2_000),
    };
    rehearsal.runs[0].decisions =
        (0..1_000).map(|n| told(n, 6)).chain((0..5_000).map(|n| told(n, 5))).collect();
    let page = plain(&html(&rehearsal));
    assert!(
        page.contains(
            "The 300 largest moves, in order of time; 5,700 decisions more are not listed"
        )
    );
    rehearsal.runs[0].decisions.retain(|told| told.to == 5);
    assert!(plain(&html(&rehearsal)).contains("4,700 holds more are not listed"));
    assert_sound(&rehearsal, "many holds");
}

#[test]
fn a_year_of_minutes_stays_small() {
    let mut trace = generate(Shape::Crowds, 365, 1);
    trace.loads.iter_mut().skip(100_000).step_by(3).for_each(|load| *load *= 1.3);
    assert_sound(&sample::of_trace("year", &trace, 14 * 1440), "a year");
}

#[test]
fn the_same_rehearsal_gives_the_same_bytes() {
    let (one, other) = (sample::of_two_days(), sample::of_two_days());
    assert_eq!((html(&one), svg(&one)), (html(&other), svg(&other)));
}
