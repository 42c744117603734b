//! Laws over hostile texts and large groups; `alarm_message` of the fuzzing crate searches for
//! more of them.

use super::*;
use crate::alarms::group::{CRITICALS_NAMED, LISTED};
use crate::text::line;
use serde_json::Value;

/// The law of a chat notification: the schema's bounds.
pub(super) fn chat_law(message: &Message) {
    let chat: Value = serde_json::from_str(&message.chat).unwrap();
    let chars = |value: &Value| value.as_str().unwrap().encode_utf16().count();
    assert_eq!((&chat["version"], &chat["source"]), (&"1.0".into(), &"custom".into()));
    let content = &chat["content"];
    assert_eq!(content["textType"], "client-markdown");
    assert!((1..=250).contains(&chars(&content["title"])), "{content}");
    assert!((1..=8_000).contains(&chars(&content["description"])), "{content}");
    assert!(content["nextSteps"].as_array().unwrap().iter().all(|step| chars(step) <= 350));
    assert!(content["keywords"].as_array().unwrap().iter().all(|word| chars(word) <= 75));
    let metadata = &chat["metadata"];
    assert!((1..=250).contains(&chars(&metadata["threadId"])), "{metadata}");
    assert!(metadata["additionalContext"].as_object().unwrap().values().all(Value::is_string));
    assert!(metadata["relatedResources"].as_array().unwrap().iter().all(Value::is_string));
    assert!(message.chat.len() <= MESSAGE_BYTES);
}

/// The law of every message.
fn message_law(message: &Message, bulletins: &[&Bulletin]) {
    let subject = &message.subject;
    assert!((1..=99).contains(&subject.len()) && !subject.starts_with(' '), "{subject:?}");
    assert!(subject.bytes().all(|b| (b' '..=b'~').contains(&b)), "{subject:?}");
    let sms = &message.sms;
    assert!((1..=140).contains(&sms.len()), "{sms:?}");
    assert!(
        sms.bytes().all(|b| (b' '..=b'~').contains(&b) && !b"[]{}\\|^~`".contains(&b)),
        "{sms:?}"
    );
    let structured = message.structured();
    assert!(structured.len() + message.beside() <= MESSAGE_BYTES, "{}", structured.len());
    let value: Value = serde_json::from_str(&structured).unwrap();
    assert_eq!(value["default"], *message.text);
    assert!(value.get("email").is_none_or(|email| *email == *message.text));
    for (name, value) in &message.attributes {
        assert!(!value.trim().is_empty() && value.len() <= 255, "{name}={value:?}");
    }
    for bulletin in bulletins {
        for listed in &bulletin.firing {
            if message.named.contains(&listed.member.fingerprint()) {
                assert!(listed.is_new && listed.is_critical);
                let name = line(&listed.member.event.id.name, 1_020);
                assert!(message.text.contains(&name), "{name} is not in the text");
            }
        }
    }
    chat_law(message);
}

/// `count` new critical alarms with names of 255 characters.
fn storm(count: usize, c: char) -> Bulletin {
    let alarms = (0..count).map(|nth| {
        let mut listed = latency();
        let number = format!("{nth:05}");
        listed.member.event.id.name = c.to_string().repeat(250) + &number;
        listed.member.event.id.arn = format!("arn:{c}:{nth}");
        listed
    });
    bulletin(Why::FirstNotification, alarms.collect())
}

#[test]
fn the_longest_names_that_one_message_names_fit_into_it() {
    for (c, has_mail) in [('x', true), ('"', false), ('é', false), ('한', false)] {
        let mut bulletin = storm(CRITICALS_NAMED, c);
        bulletin.terms.text = Some("\"".repeat(10_000));
        bulletin.terms.runbook = Some("https://wiki/{alarm}".into());
        let message = composed(&bulletin, &stepping(), "05:31");
        assert_eq!(message.named.len(), CRITICALS_NAMED, "{c}");
        assert!(!message.text.contains("not named"), "{c}");
        message_law(&message, &[&bulletin]);
        let structured: Value = serde_json::from_str(&message.structured()).unwrap();
        assert_eq!(structured.get("email").is_some(), has_mail, "{c}");
    }
}

#[test]
fn whatever_is_listed_fits() {
    for c in ['x', '"', '\\', '한', '\u{1f525}', '\u{202e}', '\u{7}', '\n'] {
        let mut bulletin = storm(LISTED, c);
        bulletin.resolved = storm(LISTED, c).firing;
        bulletin.flapping = storm(LISTED, c).firing;
        for (why, ledger) in [
            (Why::FirstNotification, stepping()),
            (Why::AllResolved, Vec::new()),
            (Why::Flapping, Vec::new()),
            (Why::Duplicate, Vec::new()),
        ] {
            bulletin.why = why;
            message_law(&composed(&bulletin, &ledger, "05:31"), &[&bulletin]);
        }
        let background = Background { ledger: &[], now: clock("05:31") };
        let all = vec![&bulletin; 200];
        message_law(&digest("critical", &all, &background), &[&bulletin]);
    }
}

#[test]
fn what_is_named_and_what_is_counted_add_up() {
    let long = storm(400, '\u{1f525}');
    let message = composed(&long, &[], "05:31");
    let (named, all) = (message.named.len(), long.firing.len());
    assert!((200..all).contains(&named), "{named} of {all} names of 1,005 bytes");
    let left = all - named;
    assert!(
        message.text.contains(&format!("And {left} more firing, not named here, {left} of them"))
    );
    for number in [0, 1, named - 1] {
        assert!(message.text.contains(&format!("\u{1f525}{number:05}")), "{number}");
    }
    assert!(!message.text.contains(&format!("\u{1f525}{named:05}")));
}

#[test]
fn a_digest_names_every_new_critical_alarm_that_fits() {
    let groups: Vec<Bulletin> = (0..5)
        .map(|nth| {
            let mut group = storm(CRITICALS_NAMED, 'x');
            group.key.labels = labels(&[("fleet", &format!("fleet-{nth}"))]);
            for listed in &mut group.firing {
                let id = &mut listed.member.event.id;
                id.name = format!("fleet-{nth}-{}", id.name.split_off(215));
                id.arn = format!("{nth}-{}", id.arn);
            }
            group
        })
        .collect();
    let all: Vec<&Bulletin> = groups.iter().collect();
    let background = Background { ledger: &[], now: clock("05:31") };
    let message = digest("critical", &all, &background);
    assert_eq!(message.named.len(), 5 * CRITICALS_NAMED, "names of 48 characters");
    message_law(&message, &all);
    assert!(message.text.starts_with(
        "5 problems in one message: more was due than this topic may get at once.\nTogether: 1250 \
         firing (1250 critical, 1250 new).\n\nFIRING fleet=fleet-0: 250 firing"
    ));

    let long: Vec<Bulletin> = (0..130)
        .map(|nth| {
            let mut group = storm(20, 'y');
            group.key.labels = labels(&[("fleet", &format!("fleet-{nth:03}"))]);
            group.firing.iter_mut().for_each(|l| l.member.event.id.arn += &format!(":{nth}"));
            group
        })
        .collect();
    let all: Vec<&Bulletin> = long.iter().collect();
    let message = digest("critical", &all, &background);
    message_law(&message, &all);
    let left = 130 * 20 - message.named.len();
    assert!(left > 0 && message.named.len() > 900, "{left} left");
    let text = &message.text;
    assert!(text.contains(&format!("And {left} more critical, not named here")), "{left}");
    assert!(text.contains("And 30 more problems: 600 firing (600 critical, 600 new)."));
    assert!((0..100).all(|nth| text.contains(&format!("FIRING fleet=fleet-{nth:03}: 20 firing"))));
}

#[test]
fn a_digest_without_groups_and_of_one() {
    let background = Background { ledger: &[], now: clock("05:31") };
    message_law(&digest("", &[], &background), &[]);
    let one = storm(1, 'x');
    let message = digest("critical", &[&one], &background);
    message_law(&message, &[&one]);
    assert_eq!(message.thread, one.thread);
    assert_ne!(message.attributes["group"], "several");
}
