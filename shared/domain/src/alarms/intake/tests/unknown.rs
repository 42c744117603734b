//! Records that are not understood, not ours, or not whole.

use super::*;

#[test]
fn what_is_not_understood_is_forwarded_under_what_name_it_has() {
    let sns = |message: &str| {
        json!({ "Records": [{ "EventSource": "aws:sns", "Sns": {
            "Message": message, "Subject": "disk full", "Timestamp": "2026-11-17T05:29:00Z" } }] })
    };
    for (event, name, when) in [
        (json!("text"), "unclassified", NOW),
        (json!(17), "unclassified", NOW),
        (json!([1, 2]), "unclassified", NOW),
        (json!({"hello": 1}), "unclassified", NOW),
        (json!({"name": "  "}), "unclassified", NOW),
        (json!({"alarm_name": "a\u{7}b"}), "ab", NOW),
        (json!({"alarm": {"name": "inner"}}), "inner", NOW),
        (json!({"detail-type": "AWS Health Event", "detail": {}}), "AWS Health Event", NOW),
        (json!({"Records": "none"}), "unclassified", NOW),
        (json!({"Records": [null]}), "unclassified", NOW),
        (queue(""), "unclassified", NOW),
        (queue("{}"), "unclassified", NOW),
        (
            queue("{\"title\": \"t\", \"time\": \"2026-11-17T05:28:00Z\"}"),
            "t",
            "2026-11-17T05:28:00Z",
        ),
        (sns("it burns"), "disk full", "2026-11-17T05:29:00Z"),
        (sns("{\"x\": 1}"), "disk full", "2026-11-17T05:29:00Z"),
        (sns("{\"AlarmName\": \"half\"}"), "half", "2026-11-17T05:29:00Z"),
        (
            changed("/detail/state", json!({"value": ""})),
            "aira-web-cpu-high",
            "2026-11-17T05:30:27Z",
        ),
        (changed("/detail/state", Value::Null), "aira-web-cpu-high", "2026-11-17T05:30:27Z"),
    ] {
        let told = alarm(&event);
        assert_eq!((told.kind, &told.state), (Kind::Unclassified, &State::Alarm), "{event}");
        assert_eq!((told.id.name.as_str(), told.state_at), (name, at(when)), "{event}");
    }
    assert_eq!(contents(&json!({"Records": []})), []);
}

#[test]
fn an_unclassified_record_that_comes_again_is_the_same_and_another_is_another() {
    let first = alarm(&queue("it burns"));
    assert_eq!(first.id, alarm(&queue("it burns")).id);
    assert_ne!(first.id.fingerprint(), alarm(&queue("it floods")).id.fingerprint());
    // Titles are shared by many things, alarms' names are not.
    let titled = |title: &str, n: u8| alarm(&json!({ title: "x", "n": n })).id.fingerprint();
    assert_ne!(titled("title", 1), titled("title", 2));
    assert_eq!(titled("alarmName", 1), titled("alarmName", 2));
}

#[test]
fn states_are_kept_whatever_they_are() {
    for (word, state) in [
        ("OK", State::Ok),
        ("ALARM", State::Alarm),
        ("INSUFFICIENT_DATA", State::InsufficientData),
        ("MUTED", State::Other("MUTED".into())),
        ("ok", State::Other("ok".into())),
    ] {
        assert_eq!(alarm(&changed("/detail/state/value", word.into())).state, state);
    }
}

#[test]
fn a_time_is_the_states_else_the_events_else_now_and_never_far_ahead() {
    let no_time = |sent: &str| {
        let mut event = changed("/detail/state/timestamp", "soon".into());
        event["time"] = sent.into();
        event
    };
    let ahead = "2026-11-17T06:31:00Z";
    for (event, want) in [
        (changed("/detail/state/timestamp", ahead.into()), ahead),
        (changed("/detail/state/timestamp", "2026-11-17T06:31:01Z".into()), "2026-11-17T05:30:27Z"),
        (changed("/detail/state/timestamp", "9999-12-30T22:00:00Z".into()), "2026-11-17T05:30:27Z"),
        (
            changed("/detail/state/timestamp", "-009999-01-02T01:59:59Z".into()),
            "2026-11-17T05:30:27Z",
        ),
        (no_time("2026-11-17T05:00:00Z"), "2026-11-17T05:00:00Z"),
        (no_time("9999-12-30T22:00:00Z"), NOW),
        (no_time("soon"), NOW),
    ] {
        assert_eq!(alarm(&event).state_at, at(want), "{event}");
    }
    let mut queued = queue(&no_time("soon").to_string());
    for (sent, want) in [
        (json!("1794893400000"), "2026-11-17T05:30:00Z"),
        (json!(1_794_893_400_000_i64), "2026-11-17T05:30:00Z"),
        (json!("later"), NOW),
        (json!("99999999999999999"), NOW),
    ] {
        queued["Records"][0]["attributes"] = json!({ "SentTimestamp": sent });
        assert_eq!(alarm(&queued).state_at, at(want), "{sent}");
    }
}

#[test]
fn somebody_elses_alarms_are_foreign_and_silence_about_it_is_ours() {
    let arn = |account: &str| {
        json!([format!("arn:aws:cloudwatch:ap-northeast-2:{account}:alarm:aira-web-cpu-high")])
    };
    let direct = |key: &str, value: &str| {
        let mut event = parsed(file!("lambda-action").1);
        event[key] = value.into();
        event
    };
    let notified = |arn: &str| {
        queue(&json!({ "AlarmName": "a", "NewStateValue": "ALARM", "AlarmArn": arn }).to_string())
    };
    for (event, why) in [
        (changed("/account", "999999999999".into()), "account 999999999999"),
        (changed("/region", "us-east-1".into()), "region us-east-1"),
        (changed("/resources", arn("999999999999")), "account 999999999999"),
        (direct("accountId", "999999999999"), "account 999999999999"),
        (direct("region", "x\u{202e}y"), "region xy"),
        (direct("alarmArn", "arn:aws:sns:ap-northeast-2:000000000000:topic"), "is no alarm's ARN"),
        (notified("arn:aws:cloudwatch:us-east-1:000000000000:alarm:a"), "region us-east-1"),
        (notified("arn:x"), "arn:x is no alarm's ARN"),
        (
            queue("{\"AlarmName\":\"a\",\"NewStateValue\":\"OK\",\"AWSAccountId\":\"9\"}"),
            "account 9",
        ),
        (queue("{\"account\":\"999999999999\",\"what\":1}"), "account 999999999999"),
    ] {
        let told = contents(&event);
        let [Content::Foreign(told)] = told.as_slice() else { panic!("{event}: {told:?}") };
        assert!(told.contains(why), "{told}");
    }
    let without = |keys: &[&str]| {
        let mut event = parsed(file!("metric").1);
        keys.iter().for_each(|key| drop(event.as_object_mut().unwrap().remove(*key)));
        event
    };
    let whole = alarm(&without(&[]));
    for keys in [&["account"][..], &["region"], &["resources"], &["account", "region", "resources"]]
    {
        assert_eq!(alarm(&without(keys)), whole, "{keys:?}");
    }
    let detail = without(&[])["detail"].clone();
    assert_eq!(alarm(&detail), whole, "a rule that passes on the detail alone");
    assert_eq!(alarm(&direct("alarmArn", "not an arn")), whole);
    assert_eq!(alarm(&changed("/account", 17.into())), whole);
    assert_eq!(alarm(&changed("/resources", json!(["arn:aws:s3:::b", 7]))), whole);
    let unknown = alarm(&queue("{\"account\": \"savings\"}"));
    assert_eq!(unknown.kind, Kind::Unclassified, "no account's number");
}

#[test]
fn without_an_arn_one_is_built_of_the_regions_partition() {
    for (region, arn) in [
        ("ap-northeast-2", "arn:aws:cloudwatch:ap-northeast-2:000000000000:alarm:a:b"),
        ("cn-north-1", "arn:aws-cn:cloudwatch:cn-north-1:000000000000:alarm:a:b"),
        ("us-gov-west-1", "arn:aws-us-gov:cloudwatch:us-gov-west-1:000000000000:alarm:a:b"),
        ("us-east-1", "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a:b"),
    ] {
        let home = Home { region: region.into(), ..home() };
        let built = json!({ "alarmName": "a:b", "state": { "value": "OK" } });
        let told = json!({ "alarmData": { "state": { "value": "OK" } }, "alarmArn": arn });
        for event in [built, told] {
            let Wake::Records(records) = decode(&event, &home, at(NOW)) else { panic!() };
            let [Record { content: Content::Alarm(event), .. }] = records.as_slice() else {
                panic!("{records:?}");
            };
            assert_eq!((event.id.arn.as_str(), event.id.name.as_str()), (arn, "a:b"));
        }
    }
}
