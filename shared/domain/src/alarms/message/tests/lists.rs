//! Lists, what Tidegate does, and the short forms: SMS and chat.

use super::rules::{event, plain, text_of};
use super::*;

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
