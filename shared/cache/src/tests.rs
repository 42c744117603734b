//! What needs no server: addresses, secrets, how a part is written, errors that say nothing.

use crate::code::{part_field, part_of, part_value, session_key, shard_keys};
use crate::{CacheUrl, Limits, Login, RedisCache};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tidegate_domain::sessions::part::{Field, FieldName, FieldValue, SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{CacheError, FillMark, SessionCache};
use tidegate_domain::sessions::score::{BoardWord, ShardKey};

fn url(host: &str, port: u16, tls: bool, cluster: bool) -> Option<CacheUrl> {
    Some(CacheUrl { host: host.to_owned(), port, tls, cluster })
}

#[test]
fn addresses() {
    let cases = [
        ("redis://localhost", url("localhost", 6379, false, false)),
        ("redis://10.0.0.1:7000/", url("10.0.0.1", 7000, false, false)),
        ("rediss://a.b-c.example:6380?cluster=true", url("a.b-c.example", 6380, true, true)),
        ("redis://h:1?cluster=false", url("h", 1, false, false)),
        ("redis://[::1]:6379", url("::1", 6379, false, false)),
        ("rediss://[::1]", url("::1", 6379, true, false)),
        ("http://h", None),
        ("h:6379", None),
        ("redis://", None),
        ("redis://h:0", None),
        ("redis://h:65536", None),
        ("redis://h:", None),
        ("redis://h/3", None),
        ("redis://[::1", None),
        ("redis://[::1]6379", None),
        ("redis://h?cluster=yes", None),
        ("redis://h?insecure=true", None),
        ("redis://:hunter2@h", None),
        ("redis://user:hunter2@h:6379", None),
    ];
    for (text, wanted) in cases {
        let read = text.parse::<CacheUrl>();
        assert_eq!(read.clone().ok(), wanted, "{text}");
        assert!(!read.is_err_and(|e| e.contains("hunter2")), "{text}");
    }
}

#[test]
fn secrets() {
    let login = |text| {
        Login::from_secret(text).map(|login| {
            let settings = Login::settings(Some(&login));
            (settings.username().map(str::to_owned), settings.password().map(str::to_owned))
        })
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(login(" token-1 \n"), Ok((None, some("token-1"))));
    assert_eq!(login(r#"{"password":"p"}"#), Ok((None, some("p"))));
    assert_eq!(login(r#"{"username":"","password":"p"}"#), Ok((None, some("p"))));
    let named = r#"{"username":"u","password":"p\"","engine":"redis"}"#;
    assert_eq!(login(named), Ok((some("u"), some("p\""))));
    for bad in ["", "  ", "{", r#"{"user":"hunter2"}"#, r#"{"password":7,"hunter2":1}"#] {
        assert!(login(bad).is_err_and(|e| !e.contains("hunter2")), "{bad}");
    }
}

fn key() -> SessionKey {
    SessionKey::new(&"0123456789abcdef".repeat(4)).unwrap()
}

fn part() -> SessionPart {
    let written = "018f3c2a1b0000ff-ap-northeast-2".parse().unwrap();
    let field = |at: &str, value: Option<&str>| Field {
        at: at.parse().unwrap(),
        value: value.map(FieldValue::new),
    };
    let name = |text| FieldName::new(text).unwrap();
    SessionPart {
        key: key(),
        id: "ap-northeast-2#1".parse().unwrap(),
        fields: BTreeMap::from([
            (name("cart"), field("018f3c2a1b0000ff-ap-northeast-2", Some("밤 \"{}\\ \u{1}\n"))),
            (name("empty"), field("018f3c2a1b000001-us-east-1", Some(""))),
            (name("gone"), field("018f3c2a1b000000-us-east-1", None)),
        ]),
        ended: None,
        not_after: Timestamp::from_second(1_800_000_000).unwrap(),
        live_until: Timestamp::from_second(1_799_000_000).unwrap(),
        written,
        writer: "00c0ffee00c0ffee".to_owned(),
    }
}

fn read(field: &str, value: &[u8]) -> Result<Option<SessionPart>, String> {
    part_of(&key(), field.as_bytes(), value)
}

#[test]
fn a_part_is_read_as_it_was_written() {
    let living = part();
    let ended = SessionPart { ended: Some(living.written.clone()), ..living.clone() };
    let bare = SessionPart { fields: BTreeMap::new(), ..ended.clone() };
    for part in [living, ended, bare] {
        let value = part_value(&part);
        assert!(value.starts_with(b"018f3c2a1b0000ff-ap-northeast-2 {"), "the stamp comes first");
        assert_eq!(read(&part_field(&part.id), &value), Ok(Some(part)));
    }
}

#[test]
fn marks_are_no_parts_and_what_cannot_be_read_says_nothing() {
    let whole = part_value(&part());
    for mark in [("c", &b"7"[..]), ("f", b"00c0ffee00c0ffee"), ("p:eu-west-1", b"1 -")] {
        assert_eq!(read(mark.0, mark.1), Ok(None));
    }
    let torn = whole.split_at(whole.len() - 1).0;
    for (field, value) in [
        ("p:eu-west-1", torn),
        ("p:eu-west-1", b"hunter2"),
        ("p:eu-west-1", b"hunter2 {}"),
        ("p:eu-west-1", b"\xff\xff {}"),
        ("p:hunter2!", &whole),
        ("p:eu-west-1#07", &whole),
    ] {
        assert!(read(field, value).is_err_and(|e| !e.contains("hunter2")), "{field}");
    }
}

#[test]
fn the_keys_of_a_script_have_one_slot() {
    let shard = ShardKey { board: BoardWord::new("week:47").unwrap(), shard: 3 };
    assert_eq!(shard_keys(&shard), ["tg:{score#week:47#3}", "tg:{score#week:47#3}:z"]);
    assert_eq!(session_key(&key()), format!("tg:{{session#{}}}", key().as_str()));
}

#[tokio::test]
async fn nobody_is_talked_to_before_the_first_call_and_then_it_fails_in_time() {
    // Port 9 of this machine: nobody is there.
    let cache = RedisCache::new("redis://127.0.0.1:9".parse().unwrap(), None, Limits::default());
    let mark = FillMark("00c0ffee00c0ffee".to_owned());
    let first = cache.read(&key(), 1, &mark).await;
    assert_eq!(first, Err(CacheError("connection refused".to_owned())));
    let second = cache.read(&key(), 1, &mark).await;
    let paused = "not connected, and tried a moment ago";
    assert_eq!(second, Err(CacheError(paused.to_owned())));
}
