//! Metrics: their names in the policy, the expressions over them, and their points.

use crate::pieces::Pieces;
use crate::world::{NIGHT, NOON, World, specs};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use tidegate_domain::metrics::{MetricSpec, Point};
use tidegate_domain::ports::Clock;
use tidegate_domain::signal::Signal;
use tidegate_fakes::GroupSpec;
use tidegate_wire::expression::{Word, asks_for_all, is_id, is_select, renamed, words};

/// What writes a metric's name.
pub type Write = fn(&MetricSpec) -> String;
/// What renames the ids of an expression.
pub type Rename = fn(&str, &str, &BTreeSet<&str>) -> String;

/// A metric's text, an expression, and the ids in it, divided by commas.
pub fn metric(data: &[u8]) {
    metric_with(|spec| spec.to_string(), renamed, data);
}

/// [`metric`] with another writer and another renamer.
pub fn metric_with(write: Write, rename: Rename, data: &[u8]) {
    let mut pieces = Pieces::of(data);
    spec_law(write, &pieces.next());
    let (math, ids) = (pieces.next(), pieces.next());
    let ids: BTreeSet<&str> = ids.split(',').filter(|id| is_id(id)).collect();
    expression_law(rename, &math, &ids);
}

/// The law of a metric's text: what is accepted is what CloudWatch knows, nothing of it is
/// dropped, and it reads back as written.
fn spec_law(write: Write, text: &str) {
    let spec = match text.parse::<MetricSpec>() {
        Ok(spec) => spec,
        Err(why) => return assert!(!why.is_empty()),
    };
    assert_eq!(write(&spec).parse::<MetricSpec>().as_ref(), Ok(&spec), "it reads back");
    let words: Vec<&str> = text.split_whitespace().collect();
    let given = words.get(3).map_or(0, |dimensions| dimensions.split(',').count());
    assert_eq!(spec.dimensions.len(), given, "no dimension is dropped: {text}");
    let parts = [&spec.namespace, &spec.name, &spec.statistic];
    assert!(parts.into_iter().all(|part| !part.is_empty()));
    if let Some(percentile) = spec.statistic.strip_prefix('p') {
        let plain = percentile.chars().all(|c| c.is_ascii_digit() || c == '.');
        let within = percentile.parse::<f64>().is_ok_and(|n| (0.0..=100.0).contains(&n));
        assert!(plain && within, "{}", spec.statistic);
    }
}

/// The law of expressions: their words are all of them; renaming touches whole names outside
/// of quotes, each once.
fn expression_law(rename: Rename, math: &str, ids: &BTreeSet<&str>) {
    let whole: String = words(math).map(|word| text_of(&word)).collect();
    assert_eq!(whole, math, "the words are the expression");
    assert_eq!(rename(math, "q7_", &BTreeSet::new()), math, "nothing to rename");
    let new = rename(math, "q7_", ids);
    let expected = words(math).map(|word| match word {
        Word::Name(name) if ids.contains(name) => format!("q7_{name}"),
        other => text_of(&other),
    });
    assert!(expected.eq(words(&new).map(|word| text_of(&word))), "{math} -> {new}");
    assert!(!asks_for_all(math) || math.contains("METRICS"));
    assert!(!is_select(math) || math.trim_start().to_ascii_lowercase().starts_with("select"));
}

fn text_of(word: &Word<'_>) -> String {
    let (Word::Name(text) | Word::Other(text)) = word;
    (*text).to_owned()
}

/// Bytes of one point: metric and minute, then its value.
const POINT_BYTES: usize = 10;

/// Points that a publisher sent, by night and (after a leading `d`) by day: for each a byte for
/// the metric, one for the minutes since, and its value. Nothing unsafe is done for them.
pub fn series(data: &[u8]) {
    let (data, now, signal) = match data.split_first() {
        Some((b'd', data)) => (data, NOON, Signal::Tick),
        _ => (data, NIGHT, Signal::Night { scheduled: None }),
    };
    let world = World::quiet(now, GroupSpec::sized(8, 12, 60));
    let (now, specs) = (world.aws.now(), specs());
    for chunk in data.chunks_exact(POINT_BYTES).take(400) {
        let Some((&[which, minutes], value)) = chunk.split_first_chunk() else { continue };
        let value = f64::from_le_bytes(value.try_into().unwrap());
        let at = now - SignedDuration::from_mins(i64::from(minutes % 120));
        world.aws.put_points(&specs[usize::from(which % 3)], [Point { at, value }]);
    }
    world.serve("fuzz", &signal, false);
}
