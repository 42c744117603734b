//! One rule of a text each.

use super::*;
use crate::alarms::message::facts::Facts;
use crate::alarms::policy::PLACEHOLDERS;

fn plain() -> Bulletin {
    bulletin(Why::FirstNotification, vec![latency()])
}

fn with(change: impl FnOnce(&mut Bulletin)) -> Bulletin {
    let mut bulletin = plain();
    change(&mut bulletin);
    bulletin
}

fn event(change: impl FnOnce(&mut AlarmEvent)) -> Bulletin {
    with(|b| change(&mut b.firing[0].member.event))
}

fn subject_of(bulletin: &Bulletin) -> String {
    composed(bulletin, &[], "05:31").subject
}

fn text_of(bulletin: &Bulletin) -> String {
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

#[test]
fn what_tidegate_does() {
    let told = |ledger: &[LedgerEntry]| {
        let text = composed(&plain(), ledger, "05:31").text;
        let lines = text.lines().skip_while(|l| !l.starts_with("What Tidegate does"));
        lines.skip(1).take_while(|l| !l.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let raise = ActionRecord::Raise { min: 12 };
    let of = |outcome| LedgerEntry { outcome, ..decision("05:30", raise, "why") };
    for (outcome, expected) in [
        (OutcomeWord::Applied, "raised to 12: why"),
        (OutcomeWord::DryRun, "nothing: a dry run, it would raise to 12: why"),
        (OutcomeWord::Void, "nothing: the group changed before it could raise to 12: why"),
        (OutcomeWord::InProgress, "another run is at it; this one would raise to 12: why"),
        (OutcomeWord::OutOfTime, "not yet, the next run will raise to 12: why"),
        (OutcomeWord::Refused, "nothing: it was refused to raise to 12: why"),
    ] {
        assert_eq!(told(&[of(outcome)]), [format!("  {expected} (05:30 UTC, 1 min ago)")]);
    }
    let low = ActionRecord::Lower { min: 4, desired: None };
    let backstop = ActionRecord::WriteBackstop { min: 6 };
    let hold = decision("05:31", ActionRecord::Hold, "it is not night");
    let history = [
        hold.clone(),
        decision("05:20", low, "a"),
        hold.clone(),
        of(OutcomeWord::Void),
        decision("05:10", backstop, "b"),
        decision("05:00", raise, "c"),
        decision("04:00", raise, "too old a story"),
    ];
    assert_eq!(
        told(&history),
        [
            "  nothing: holding because it is not night (05:31 UTC, 0 s ago)",
            "  lowered to 4: a (05:20 UTC, 11 min ago)",
            "  wrote the group's own scheduled action that restores 6: b (05:10 UTC, 21 min ago)",
            "  raised to 12: c (05:00 UTC, 31 min ago)",
        ]
    );
    assert!(told(&[]).is_empty());
}

#[test]
fn what_is_not_listed_is_counted() {
    let mut bulletin = plain();
    bulletin.counts.firing = 10;
    bulletin.counts.critical = 4;
    bulletin.counts.flapping = 2;
    bulletin.counts.resolved = 3;
    let text = text_of(&bulletin);
    assert!(
        text.contains(
            "\n\nAnd 9 more firing, not named here, 3 of them critical: new critical ones follow \
             in the next message.\nAnd 2 more flapping, not named here.\nAnd 3 more resolved, not \
             named here.\n\n"
        ),
        "{text}"
    );
    assert!(!text_of(&plain()).contains("not named"));
}

#[test]
fn a_list_is_in_the_order_of_urgency() {
    let named = |name: &str, is_critical, is_new| {
        let mut listed = latency();
        listed.member.event.id.name = name.into();
        (listed.is_critical, listed.is_new) = (is_critical, is_new);
        listed
    };
    let mut firing: Vec<Listed> =
        (0..3).map(|n| named(&format!("first-{n}"), true, true)).collect();
    firing.extend([
        named("d", true, true),
        named("e", true, false),
        named("f", false, true),
        named("g", false, false),
    ]);
    let mut bulletin = bulletin(Why::FirstNotification, firing);
    bulletin.flapping = vec![named("h", false, false)];
    bulletin.resolved = vec![over(named("i", false, false), "05:28")];
    (bulletin.counts.flapping, bulletin.counts.resolved) = (1, 1);
    let deep = "value 2.31, alarm when > 1 (131 % above), for 12 min";
    let text = text_of(&bulletin);
    assert!(
        text.contains(&format!(
            "\nNew and critical:\n- d: {deep}\n\nCritical, known before:\n- e: {deep}\n\nNew:\n- \
             f: {deep}\n\nKnown before:\n- g: {deep}\n\nFlapping:\n- h: 1 change of late, now \
             firing, for 12 min\n\nResolved:\n- i: over since 05:28 UTC after 9 min\n\nWhy"
        )),
        "{text}"
    );
}

#[test]
fn an_sms_is_short_and_plain() {
    for (name, bulletin, expected) in [
        (
            "plain",
            plain(),
            "FIRING critical: aira-web latency-critical; value 2.31, alarm when > 1 (131 % above); \
             since 05:19 UTC",
        ),
        (
            "signs that phones do not have",
            event(|e| {
                e.id.name = "[a]{b}^|~`\\é".into();
                (e.value, e.threshold) = (None, None);
            }),
            "FIRING critical: aira-web (a)(b)'/-'/?; since 05:19 UTC",
        ),
        (
            "what does not fit is left out whole",
            event(|e| {
                e.id.name = "y".repeat(255);
                e.value = Some(1.234_567e15);
            }),
            "FIRING critical: aira-web yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...; \
             value 1.235e15, alarm when > 1",
        ),
    ] {
        let sms = composed(&bulletin, &[], "05:31").sms;
        assert_eq!(sms, expected, "{name}");
        assert!(sms.len() <= 140, "{name}");
    }
}

#[test]
fn nobody_calls_a_channel_by_naming_an_alarm() {
    let sly = "@here <!channel> <@U1> *b* `x` ~y~ [t](https://evil.example) &lt;!here&gt;";
    let bulletin = event(|e| {
        e.id.name = sly.into();
        (e.reason, e.description) = (sly.into(), sly.into());
        e.comparison = Some(sly.into());
    });
    let message = composed(&bulletin, &[decision("05:30", ActionRecord::Hold, sly)], "05:31");
    let chat: serde_json::Value = serde_json::from_str(&message.chat).unwrap();
    let safe = "＠here &lt;!channel&gt; &lt;＠U1&gt; ∗b∗ 'x' ∼y∼ [t] (https[:]//evil.example) \
                &amp;lt;!here&amp;gt;";
    let description = chat["content"]["description"].as_str().unwrap();
    let lines: Vec<&str> = description.lines().collect();
    assert_eq!(lines[1], format!("• `{safe}`, critical, new"));
    assert_eq!(lines.iter().filter(|l| **l == format!("`{safe}`")).count(), 2, "{description}");
    for text in [&chat["content"]["title"], &chat["content"]["description"]] {
        let text = text.as_str().unwrap();
        assert!(!text.contains(['@', '<', '>']) && !text.contains("](") && !text.contains("://"));
    }
}

#[test]
fn chat_keeps_to_the_bounds_of_amazon_q() {
    let long = |c: char| c.to_string().repeat(255);
    for c in ['x', '&', '한', '"', '\u{1f525}'] {
        let many = (0..300).map(|_| {
            let mut listed = latency();
            listed.member.event.id.name = long(c);
            listed.member.event.reason = long(c).repeat(4);
            listed
        });
        let mut bulletin = bulletin(Why::FirstNotification, many.collect());
        bulletin.key.labels = labels(&[("fleet", &long(c)), ("service", &long(c))]);
        bulletin.thread = long(c);
        let message = composed(&bulletin, &stepping(), "05:31");
        let background = Background { ledger: &[], now: clock("05:31") };
        let many = digest("critical", &[&bulletin, &bulletin], &background);
        for message in [message, many] {
            laws::chat_law(&message);
            assert!(message.chat.contains("more lines: the mail has them all"), "{}", message.chat);
        }
    }
}
