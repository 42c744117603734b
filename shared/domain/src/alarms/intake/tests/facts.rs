//! What is read of an alarm, under every spelling; what is huge, deep or new.

use super::*;

#[test]
fn names_never_fail_and_two_never_become_one() {
    let long = "n".repeat(255);
    let longer = "n".repeat(256);
    for (name, shown) in [
        ("plain", "plain"),
        (" two  blanks ", " two  blanks "),
        ("", "unnamed"),
        ("  ", "unnamed"),
        ("\u{202e}", "unnamed"),
        ("a\nb", "ab"),
        ("한글-경보", "한글-경보"),
        (&long, &long),
        (&longer, &format!("{}...[cut]", "n".repeat(247))),
    ] {
        let mut event = changed("/detail/alarmName", name.into());
        event["resources"] = json!([]);
        assert_eq!(alarm(&event).id.name, shown, "{name:?}");
    }
    let names = ["", " ", "\u{202e}", "\u{202d}", "a", "a\n", "a\u{7}", &long, &longer, "unnamed"];
    let ids: Vec<AlarmId> =
        names.iter().map(|name| identify(&format!("{ARN}{name}"), name, None)).collect();
    for (n, id) in ids.iter().enumerate() {
        assert!(id.arn.chars().count() <= 400);
        assert!(ids.iter().skip(n + 1).all(|other| other.arn != id.arn), "{:?}", names[n]);
    }
    let contributors = ["x".repeat(255), "x".repeat(256), "x".repeat(257), "x\u{0}".into()];
    let ids: std::collections::BTreeSet<_> =
        contributors.iter().map(|id| identify(ARN, "a", Some(id)).fingerprint()).collect();
    assert_eq!(ids.len(), contributors.len());
}

#[test]
fn contributors_under_every_spelling() {
    let notice = |extra: Value| {
        let mut message = json!({ "AlarmName": "a", "NewStateValue": "ALARM" });
        let extra = extra.as_object().unwrap().clone();
        message.as_object_mut().unwrap().extend(extra);
        alarm(&queue(&message.to_string()))
    };
    let want = (Some("c1"), map(&[("TableName", "t")]));
    for extra in [
        json!({"AlarmContributor": {"Id": "c1", "Attributes": {"TableName": "t"}}}),
        json!({"alarmContributor": {"id": "c1", "attributes": {"TableName": "t"}}}),
        json!({"Contributor": {"ContributorId": "c1", "ContributorAttributes": {"TableName": "t"}}}),
        json!({"AlarmContributor": {"Id": "c1", "Attributes": [{"name": "TableName", "value": "t"}]}}),
        json!({"AlarmContributor": {"Id": "c1", "Attributes": [{"Key": "TableName", "Value": "t"}]}}),
        json!({"AlarmContributorId": "c1", "AlarmContributorAttributes": {"TableName": "t"}}),
        json!({"ContributorId": "c1", "ContributorAttributes": {"TableName": "t"}}),
    ] {
        let told = notice(extra.clone());
        let got = (told.id.contributor.as_deref(), told.attributes);
        assert_eq!((got, told.kind), (want.clone(), Kind::Contributor), "{extra}");
    }
    // Without an id they are still told apart, by their attributes.
    let nameless =
        |table: &str| notice(json!({"AlarmContributor": {"Attributes": {"T": table}}})).id;
    assert_eq!(nameless("t"), nameless("t"));
    assert_ne!(nameless("t").fingerprint(), nameless("u").fingerprint());
    assert_eq!(notice(json!({"AlarmContributor": null})).kind, Kind::Metric);
}

#[test]
fn kinds_by_what_the_configuration_has() {
    let math = json!([{"id": "e", "expression": "SUM(METRICS())"}]);
    let band = json!([{"id": "ad1", "expression": "ANOMALY_DETECTION_BAND(m1, 2)"}]);
    let inner = |data: &str| {
        let mut event = changed("/detail/configuration", json!({}));
        event["detail"]["state"]["reasonData"] = data.into();
        event
    };
    for (event, kind) in [
        (changed("/detail/configuration", json!({})), Kind::Metric),
        (changed("/detail/configuration", json!(7)), Kind::Metric),
        (changed("/detail/configuration/metrics", math), Kind::MetricMath),
        (changed("/detail/configuration/metrics", band), Kind::AnomalyBand),
        (changed("/detail/configuration/thresholdMetricId", "ad1".into()), Kind::AnomalyBand),
        (
            changed("/detail/configuration/comparisonOperator", "GreaterThanUpperThreshold".into()),
            Kind::AnomalyBand,
        ),
        (changed("/detail/configuration/alarmRule", "ALARM(a)".into()), Kind::Composite),
        (inner("{\"triggeringAlarms\": []}"), Kind::Composite),
        (inner("{\"threshold\": 1}"), Kind::Metric),
    ] {
        let told = alarm(&event);
        assert_eq!(told.kind, kind, "{event}");
        let banded = kind == Kind::AnomalyBand;
        assert!(!banded || (told.threshold.is_none() && told.comparison.is_none()));
    }
}

#[test]
fn numbers_from_fields_and_from_words() {
    for (operator, reason, comparison, threshold, value) in [
        (
            None,
            "2 datapoints [88.3 (t), 81.9 (t)] were greater than or equal to the threshold (70.0).",
            Some(">="),
            Some(70.0),
            Some(88.3),
        ),
        (
            None,
            "1 datapoint [3.0 (t)] was not greater than the threshold (5.0).",
            Some(">"),
            Some(5.0),
            Some(3.0),
        ),
        (
            None,
            "1 datapoint [3.0 (t)] was less than the threshold (-5.5).",
            Some("<"),
            Some(-5.5),
            Some(3.0),
        ),
        (
            None,
            "1 datapoint [1.0E-4 (t)] was less than or equal to the threshold (1).",
            Some("<="),
            Some(1.0),
            Some(1e-4),
        ),
        (Some("LessThanThreshold"), "greater than the threshold (x)", Some("<"), None, None),
        (Some("GreaterThanOrEqualToThreshold"), "", Some(">="), None, None),
        (Some("GreaterThanThreshold"), "", Some(">"), None, None),
        (Some("LessThanOrEqualToThreshold"), "", Some("<="), None, None),
        (
            Some("SomethingNew"),
            "3 missing datapoints were treated as [Breaching].",
            None,
            None,
            None,
        ),
        (None, "the threshold (NaN) [inf (t)]", None, None, None),
    ] {
        assert_eq!(words::comparison(operator, reason).as_deref(), comparison, "{reason}");
        assert_eq!(
            (words::threshold(reason), words::value(reason)),
            (threshold, value),
            "{reason}"
        );
    }
    // A field is surer than a sentence.
    let told =
        alarm(&changed("/detail/state/reason", "[1.0 (t)] above the threshold (2.0)".into()));
    assert_eq!((told.value, told.threshold), (Some(88.3), Some(70.0)));
    let mut bare = changed("/detail/state/reasonData", Value::Null);
    bare["detail"]["configuration"]["threshold"] = 71.into();
    assert_eq!(alarm(&bare).threshold, Some(71.0));
}

#[test]
fn what_keeps_aws_from_acting() {
    let mute = |end: &str| {
        changed("/detail/muteDetail", json!({"mutedByArn": "arn:mute", "muteWindowEnd": end}))
    };
    let state = |word: Value| changed("/detail/state/actionsSuppressedBy", word);
    for (event, want) in [
        (mute("2026-11-17T05:31:01Z"), Some("arn:mute")),
        (mute("no time"), Some("arn:mute")),
        (mute(NOW), None),
        (changed("/detail/muteDetail", json!({})), None),
        (state("Alarm".into()), Some("Alarm")),
        (state("".into()), None),
        (state(json!(1)), None),
    ] {
        assert_eq!(alarm(&event).suppressed_by.as_deref(), want, "{event}");
    }
}

#[test]
fn tags_that_an_alarm_passes_on() {
    let tags = |tags: Value, status: Value| {
        let mut event = changed("/detail/alarmTags", tags);
        event["detail"]["alarmTagsStatus"] = status;
        alarm(&event).tags
    };
    let want = Some(map(&[("k", "v")]));
    assert_eq!(tags(json!({"k": "v"}), "SUCCESS".into()), want);
    assert_eq!(tags(json!([{"Key": "k", "Value": "v"}]), Value::Null), want);
    assert_eq!(tags(json!([{"key": "k", "value": "v"}, 1]), "SUCCESS".into()), want);
    assert_eq!(tags(json!({}), "SUCCESS".into()), Some(BTreeMap::new()), "there are none");
    assert_eq!(tags(json!({"k": "v"}), "ACCESS_DENIED".into()), None);
    assert_eq!(tags(json!("k"), "SUCCESS".into()), None);
    let many: BTreeMap<String, u32> = (0..80).map(|n| (format!("k{n}"), n)).collect();
    assert_eq!(tags(json!(many), "SUCCESS".into()).map(|tags| tags.len()), Some(50));
}

#[test]
fn wrappings_are_taken_off_and_not_for_ever() {
    let event = parsed(file!("metric").1);
    let want = alarm(&event);
    let envelope = |value: &Value| json!({ "Type": "Notification", "Message": value.to_string() });
    for (what, text) in [
        ("SQS", event.to_string()),
        ("SQS, a JSON string", Value::String(event.to_string()).to_string()),
        ("SQS, SNS", envelope(&event).to_string()),
        ("SQS, SNS as Lambda gets it", json!({"Sns": {}, "detail": event["detail"]}).to_string()),
        ("SQS, SNS, SNS", envelope(&envelope(&event)).to_string()),
    ] {
        assert_eq!(alarm(&queue(&text)).id, want.id, "{what}");
    }
    // A field of that name is no wrapping where an alarm's own fields are.
    for key in ["metric", "notification"] {
        let mut own = if key == "metric" {
            event.clone()
        } else {
            json!({"AlarmName": "aira-web-cpu-high", "NewStateValue": "ALARM"})
        };
        own["Message"] = "hello".into();
        assert_eq!(alarm(&queue(&own.to_string())).id, want.id, "{key}");
    }
    let deep = envelope(&envelope(&envelope(&envelope(&event))));
    let told = alarm(&queue(&deep.to_string()));
    assert_eq!((told.kind, told.id.name.as_str()), (Kind::Unclassified, "unclassified"));
}

#[test]
fn what_is_huge_or_deep_costs_little() {
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let told = alarm(&queue(&nested));
    assert!(told.kind == Kind::Unclassified && told.reason.len() == 1_024);
    let event = changed("/detail/state/reasonData", nested.into());
    assert_eq!(alarm(&event).threshold, Some(70.0), "by the words");
    let event = changed("/detail/state/reason", "\u{202e}".repeat(100_000).into());
    assert_eq!(alarm(&event).reason, "");
    let many = json!({ "Records": vec![json!({ "body": "x" }); MOST_RECORDS + 2] });
    let records = contents(&many);
    assert_eq!(records.len(), MOST_RECORDS + 1);
    let Some(Content::Alarm(last)) = records.last() else { panic!() };
    assert_eq!(last.reason, "2 records beyond the first 10000 were not read");
}

#[test]
fn aws_may_add_fields() {
    for (file, text) in [file!("metric"), file!("lambda-action"), file!("composite")] {
        let mut event = parsed(text);
        let want = alarm(&event);
        event["somethingNew"] = json!([1]);
        let inner = if event.get("detail").is_some() { "detail" } else { "alarmData" };
        event[inner]["somethingNew"] = json!({});
        event[inner]["state"]["somethingNew"] = json!(null);
        event[inner]["configuration"]["somethingNew"] = json!("x");
        assert_eq!(alarm(&event), want, "{file}");
    }
}
