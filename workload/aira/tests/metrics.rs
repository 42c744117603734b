//! `/metrics` exports exactly what rules and dashboards may name.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what cannot be read fails the test"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use support::Parts;

const LIST: &str = include_str!("../../../infra/monitoring/workload-metrics.txt");

/// Name -> type and labels.
type Names = BTreeMap<String, (String, BTreeSet<String>)>;

fn listed() -> Names {
    let lines = LIST.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let words: Vec<_> = line.split(' ').collect();
            let labels = words[2].split(',').filter(|label| *label != "-");
            (words[0].to_owned(), (words[1].to_owned(), labels.map(str::to_owned).collect()))
        })
        .collect()
}

fn exported(page: &str) -> Names {
    let mut names = Names::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            let twice = names.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
            assert_eq!(twice, None, "{name} is begun twice");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap_or((series, ""));
        let is_of = |known: &&String| {
            let suffix = name.strip_prefix(known.as_str());
            suffix.is_some_and(|s| matches!(s, "" | "_bucket" | "_sum" | "_count"))
        };
        let known = names.keys().rfind(is_of).cloned();
        let known = known.unwrap_or_else(|| panic!("{name} has no type"));
        let labels =
            labels.split(',').filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
        let labels = labels.filter(|label| label != "le");
        names.get_mut(&known).unwrap().1.extend(labels);
    }
    names
}

#[tokio::test]
async fn the_names_types_and_labels_are_those_of_the_list() {
    let service = Parts::default().start().await;
    let kim = service.signed_in("kim").await;
    kim.ask("Why?").await;
    kim.get("/a/path/of/yours").await;
    let page = kim.get("/metrics").await;
    assert_eq!(exported(&page.text), listed());
    assert!(page.text.contains("aira_requests_total{route=\"other\",code=\"404\"} 1"));
    assert!(!page.text.contains("yours") && !page.text.contains("kim"), "no user's word");
    for series in [
        "aira_refused_total{reason=\"full\"}",
        "aira_store_errors_total{operation=\"read\"}",
        "aira_store_errors_total{operation=\"write\"}",
    ] {
        assert!(service.metric(series).await.abs() < 0.1, "{series} is there before it happens");
    }
    for series in ["aira_first_token_seconds_count", "aira_answer_seconds_count"] {
        assert!((service.metric(series).await - 1.0).abs() < 0.1, "{series}");
    }
}
