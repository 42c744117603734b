//! One rule of a text each.

use super::*;
use crate::alarms::message::facts::Facts;
use crate::alarms::policy::PLACEHOLDERS;

pub(super) fn plain() -> Bulletin {
    bulletin(Why::FirstNotification, vec![latency()])
}

pub(super) fn with(change: impl FnOnce(&mut Bulletin)) -> Bulletin {
    let mut bulletin = plain();
    change(&mut bulletin);
    bulletin
}

pub(super) fn event(change: impl FnOnce(&mut AlarmEvent)) -> Bulletin {
    with(|b| change(&mut b.firing[0].member.event))
}

pub(super) fn subject_of(bulletin: &Bulletin) -> String {
    composed(bulletin, &[], "05:31").subject
}

pub(super) fn text_of(bulletin: &Bulletin) -> String {
    composed(bulletin, &[], "05:31").text
}

#[test]
fn the_subject_says_state_and_alarm() {
    let long = "x".repeat(300);
    for (name, bulletin, expected) in [
        ("plain", plain(), "FIRING critical: aira-web latency-critical"),
        (
            "a name of another fleet",
            event(|e| e.id.name = "orders-db".into()),
            "FIRING critical: aira-web orders-db",
        ),
        (
            "the fleet's own name",
            event(|e| e.id.name = "aira-web".into()),
            "FIRING critical: aira-web",
        ),
        (
            "no fleet",
            with(|b| {
                b.key.labels = Labels::default();
                b.firing[0].member.labels.0.remove("fleet");
            }),
            "FIRING critical: aira-web-latency-critical",
        ),
        ("not ASCII", event(|e| e.id.name = "지연 é".into()), "FIRING critical: aira-web ?? ?"),
        (
            "no name",
            event(|e| e.id.name = "\u{202e}\n".into()),
            "FIRING critical: aira-web (an alarm without a name)",
        ),
        (
            "a long name is cut, the count is not",
            with(|b| {
                b.firing[0].member.event.id.name = long.clone();
                b.counts.firing = 4;
            }),
            "FIRING critical: aira-web xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... +3 more",
        ),
        (
            "a title keeps the state",
            with(|b| b.terms.title = Some("[{severity}] {alarm} in {region}".into())),
            "FIRING: [critical] aira-web-latency-critical in ap-northeast-2",
        ),
        ("an empty title", with(|b| b.terms.title = Some(" \n".into())), "FIRING:"),
        (
            "nothing is listed",
            with(|b| b.firing.clear()),
            "FIRING critical: fleet=aira-web, service=aira-web",
        ),
    ] {
        let subject = subject_of(&bulletin);
        assert_eq!(subject, expected, "{name}");
        assert!(subject.len() <= 99, "{name}");
    }
}

#[test]
fn every_placeholder_is_filled() {
    let facts = |b: &Bulletin, template: &str| {
        let background = Background { ledger: &[], now: clock("05:31") };
        Facts::of(b, &background).fill(template, None, |v| format!("<{v}>"))
    };
    for (template, expected) in [
        ("{alarm}", "<aira-web-latency-critical>"),
        ("{fleet}", "<aira-web>"),
        ("{service}", "<aira-web>"),
        ("{region}", "<ap-northeast-2>"),
        ("{severity}", "<critical>"),
        ("{count}", "<1>"),
        ("{reason}", "<FirstNotification>"),
        ("{group}", "<fleet=aira-web, service=aira-web>"),
        ("a {count} b {count}", "a <1> b <1>"),
        ("{unknown} {", "{unknown} {"),
        ("{{count}}", "{<1>}"),
        ("{}", "{}"),
        ("}{", "}{"),
    ] {
        assert_eq!(facts(&plain(), template), expected, "{template}");
    }
    for name in PLACEHOLDERS {
        let template = format!("{{{name}}}");
        assert_ne!(facts(&plain(), &template), template, "the policy lets it pass");
    }
    let sly = event(|e| e.id.name = "{count}".into());
    assert_eq!(facts(&sly, "{alarm}"), "<{count}>", "a name is no template");
}

#[test]
fn addresses_are_encoded() {
    let sly = "a b/&?#%\"<x>|한";
    let bulletin = event(|e| e.id.name = sly.into());
    let text = text_of(&bulletin);
    let encoded = "a%20b%2F%26%3F%23%25%22%3Cx%3E%7C%ED%95%9C";
    assert!(text.contains(&format!("#alarmsV2:alarm/{encoded}\n")), "{text}");
    assert!(text.contains(&format!("example.com/runbooks/{encoded}?fleet=aira-web\n")), "{text}");
    for (region, expected) in [
        (
            "cn-north-1",
            "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1#",
        ),
        ("us-gov-east-1", "https://us-gov-east-1.console.amazonaws-us-gov.com/cloudwatch/home?"),
    ] {
        let text = text_of(&event(|e| e.region = region.into()));
        assert!(text.contains(expected), "{text}");
    }
    let nowhere = text_of(&event(|e| e.region = "evil.example/".into()));
    assert!(!nowhere.contains("alarm and graph"), "{nowhere}");
    let unknown = text_of(&event(|e| e.kind = Kind::Unclassified));
    assert!(!unknown.contains("alarm and graph"), "{unknown}");
    assert!(unknown.contains("(critical, of a kind that Tidegate does not know)"), "{unknown}");
    let long = with(|b| b.terms.runbook = Some(format!("https://wiki/{}", "x".repeat(5_000))));
    assert!(!text_of(&long).contains("runbook"), "half an address leads nowhere");
}

#[test]
fn how_deep_it_is() {
    for (name, value, comparison, threshold, expected) in [
        ("above", Some(2.31), Some(">"), Some(1.0), "value 2.31, alarm when > 1 (131 % above)"),
        ("below", Some(3.0), Some("<"), Some(4.0), "value 3, alarm when < 4 (25 % below)"),
        ("below zero", Some(-3.0), Some("<"), Some(-2.0), "value -3, alarm when < -2 (50 % below)"),
        ("at it", Some(1.0), Some(">="), Some(1.0), "value 1, alarm when >= 1"),
        ("far above", Some(100.0), Some(">"), Some(1.0), "value 100, alarm when > 1"),
        ("above zero", Some(5.0), Some(">"), Some(0.0), "value 5, alarm when > 0"),
        ("no comparison", Some(5.0), None, Some(4.0), "value 5, threshold 4 (25 % above)"),
        ("no value", None, Some(">"), Some(4.0), "alarm when > 4"),
        ("no threshold", Some(5.0), Some(">"), None, "value 5"),
        ("no number", Some(f64::NAN), Some(">"), Some(1.0), "value not a number, alarm when > 1"),
    ] {
        let text = text_of(&event(|e| {
            (e.value, e.threshold) = (value, threshold);
            e.comparison = comparison.map(Into::into);
        }));
        let line = text.lines().find(|l| l.contains(", since 2026") || l.starts_with("  since"));
        let line = line.unwrap().trim();
        assert_eq!(line, format!("{expected}, since 2026-11-17 05:19 UTC, for 12 min"), "{name}");
    }
    let band = text_of(&event(|e| {
        e.kind = Kind::AnomalyBand;
        (e.threshold, e.comparison) = (None, None);
    }));
    assert!(band.contains("  value 2.31, outside of its expected band, since"), "{band}");
    let silent = text_of(&event(|e| (e.value, e.threshold, e.comparison) = (None, None, None)));
    assert!(silent.contains("\n  since 2026-11-17 05:19 UTC, for 12 min\n"), "{silent}");
}

#[test]
fn what_an_alarm_has_is_told() {
    for (name, bulletin, expected) in [
        (
            "a composite's rule",
            event(|e| {
                e.kind = Kind::Composite;
                e.rule = Some("ALARM(a) AND ALARM(b)".into());
            }),
            "  rule: ALARM(a) AND ALARM(b)\n",
        ),
        (
            "a series' attributes",
            event(|e| e.attributes = BTreeMap::from([("Host".into(), "i-1".into())])),
            "  series: Host=i-1\n",
        ),
        (
            "an expression",
            event(|e| e.kind = Kind::MetricMath),
            "  an expression over AWS/ApplicationELB TargetResponseTime",
        ),
        (
            "missing data",
            event(|e| {
                e.state = State::InsufficientData;
                e.state_at = clock("05:25");
            }),
            "  no data since 05:25 UTC: nobody knows whether it is over\n",
        ),
        (
            "a state that AWS did not have",
            event(|e| e.state = State::Other("PANIC".into())),
            "for 12 min, in the state PANIC\n",
        ),
        (
            "a late event",
            with(|b| b.firing[0].member.arrived = clock("05:22")),
            "  delayed 3 min: it changed at 05:19 UTC and was heard of at 05:22 UTC\n",
        ),
        (
            "yesterday",
            with(|b| b.firing[0].member.since = Some(at("2026-11-16T05:19:00Z"))),
            "since 2026-11-16 05:19 UTC, for 24 h 12 min\n",
        ),
        (
            "the owner's text",
            with(|b| b.terms.text = Some("\n\u{1b}Call\n\n{fleet}! ".into())),
            "Call\n\naira-web!\n\n1 firing",
        ),
    ] {
        let text = text_of(&bulletin);
        assert!(text.contains(expected), "{name}: {text}");
    }
    let in_time = text_of(&with(|b| b.firing[0].member.arrived = clock("05:21")));
    assert!(!in_time.contains("delayed"), "two minutes are usual: {in_time}");
}

#[test]
fn attributes_are_what_alarms_have_in_common() {
    let two = |change: fn(&mut Listed)| {
        let mut other = latency();
        change(&mut other);
        let mut bulletin = bulletin(Why::FirstNotification, vec![latency(), other]);
        bulletin.key.labels = Labels::default();
        bulletin
    };
    let nothing = || {
        with(|b| {
            b.firing.clear();
            b.key.labels = Labels::default();
        })
    };
    for (name, bulletin, attribute, expected) in [
        ("the same region", two(|_| {}), "region", "ap-northeast-2"),
        ("two regions", two(|l| l.member.event.region = "us-east-1".into()), "region", "several"),
        (
            "a label counts before the event",
            two(|l| {
                l.member.event.region = "us-east-1".into();
                l.member.labels.0.insert("region".into(), "ap-northeast-2".into());
            }),
            "region",
            "ap-northeast-2",
        ),
        (
            "two services",
            two(|l| drop(l.member.labels.0.insert("service".into(), "db".into()))),
            "service",
            "several",
        ),
        ("one has none", two(|l| drop(l.member.labels.0.remove("service"))), "service", "aira-web"),
        (
            "two fleets",
            two(|l| drop(l.member.labels.0.insert("fleet".into(), "b".into()))),
            "fleet",
            "several",
        ),
        ("nobody has one", nothing(), "fleet", "-"),
        ("nobody has a region", nothing(), "region", "-"),
        ("critical", plain(), "severity", "critical"),
        ("the key's fleet", plain(), "fleet", "aira-web"),
        (
            "nothing to be seen",
            with(|b| drop(b.key.labels.0.insert("fleet".into(), "\u{202e}\u{7}".into()))),
            "fleet",
            "-",
        ),
        (
            "too long",
            with(|b| drop(b.key.labels.0.insert("service".into(), "x".repeat(500)))),
            "service",
            &format!("{}...[cut]", "x".repeat(247)),
        ),
    ] {
        let message = composed(&bulletin, &[], "05:31");
        assert_eq!(message.attributes[attribute], expected, "{name}");
        let names: Vec<&str> = message.attributes.keys().map(String::as_str).collect();
        assert_eq!(names, ["fleet", "group", "region", "service", "severity", "state"], "{name}");
    }
}
