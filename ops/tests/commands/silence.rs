//! Silences over the fakes.

use crate::scene::{NOON, at, world};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::Value;
use tidegate_domain::alarms::ports::AlarmStore;
use tidegate_domain::alarms::silence::Silence;
use tidegate_domain::ports::Clock;
use tidegate_fakes::{FakeAws, block_on};
use tidegate_ops::silence::{Wish, end, list, put, zone};
use tidegate_ops::{Failure, Report, View};

const CPU: &str = r#"fleet="aira-web",alarm=~".*cpu.*""#;

fn wish(matchers: &str) -> Wish<'_> {
    let length = SignedDuration::from_hours(2);
    Wish { matchers, starts: None, length, author: "kim", comment: "load test" }
}

fn view(aws: &FakeAws) -> View {
    View::new(TimeZone::get("Asia/Seoul").unwrap(), aws.now())
}

fn silence(aws: &FakeAws, wish: &Wish<'_>) -> Result<Report, Failure> {
    block_on(put(aws, wish, &view(aws)))
}

fn kept(aws: &FakeAws) -> Vec<Silence> {
    block_on(aws.silences()).unwrap()
}

fn listed(aws: &FakeAws, all: bool) -> Report {
    block_on(list(aws, all, aws.now())).unwrap().text(&view(aws))
}

fn unsilence(aws: &FakeAws, id: &str) -> Result<Report, Failure> {
    block_on(end(aws, id, &view(aws)))
}

#[test]
fn a_silence_is_kept_and_told_with_its_end() {
    let aws = world();
    let told = silence(&aws, &wish(CPU)).unwrap().text;
    let [kept] = kept(&aws).try_into().unwrap();
    assert_eq!(kept.starts, at(NOON));
    assert_eq!(kept.ends, at(NOON) + SignedDuration::from_hours(2));
    assert_eq!((kept.matchers.as_str(), kept.author.as_str()), (CPU, "kim"));
    for words in [
        &format!("{}: nobody is told of {CPU}", kept.id),
        "until 16:25 KST (2 h), by kim: load test",
        &format!("make unsilence ID={}", kept.id),
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
}

#[test]
fn one_that_is_to_come_is_told_with_its_start() {
    let aws = world();
    let starts = Some(at("2026-11-21T13:00:00Z"));
    let told = silence(&aws, &Wish { starts, ..wish(CPU) }).unwrap().text;
    assert!(told.contains("from Sat 22:00 until Sun 00:00 KST (2 h)"), "{told}");
    assert!(listed(&aws, false).text.contains("to come"), "{}", listed(&aws, false).text);
}

#[test]
fn what_is_wrong_with_a_wish_is_said_and_nothing_is_written() {
    let aws = world();
    let long_ago = Some(at("2026-11-20T01:00:00Z"));
    let month = SignedDuration::from_hours(32 * 24);
    for (name, wish) in [
        ("unreadable", wish("fleet=~")),
        ("no such label", wish("colour=red")),
        ("a regular expression that is none", wish(r#"alarm=~"(""#)),
        ("every alarm", wish(r#"alarm=~".*""#)),
        ("nothing", wish("")),
        ("too long", Wish { length: month, ..wish(CPU) }),
        ("over already", Wish { starts: long_ago, ..wish(CPU) }),
        ("beyond all time", Wish { length: SignedDuration::MAX, ..wish(CPU) }),
        ("by nobody", Wish { author: " ", ..wish(CPU) }),
        ("for no reason", Wish { comment: "", ..wish(CPU) }),
    ] {
        let failure = silence(&aws, &wish).unwrap_err();
        assert_eq!(failure.code(), 2, "{name}: {failure}");
        assert!(failure.to_string().starts_with("not a valid silence: "), "{name}: {failure}");
        assert_eq!(kept(&aws), [], "{name}");
    }
}

#[test]
fn all_faults_come_at_once() {
    let bad = Wish { author: "", comment: "", ..wish("fleet=~") };
    let failure = silence(&world(), &bad).unwrap_err().to_string();
    assert_eq!(failure.lines().count(), 4, "{failure}");
}

#[test]
fn the_list_has_what_holds_and_with_all_what_is_over() {
    let aws = world();
    silence(&aws, &wish(CPU)).unwrap();
    silence(&aws, &Wish { length: SignedDuration::from_mins(5), ..wish("alarm=a") }).unwrap();
    let text = listed(&aws, false).text;
    let first = text.lines().nth(1).unwrap();
    assert!(first.contains("14:25") && first.contains("14:30"), "{text}");
    assert!(first.contains("alarm=a") && first.contains("holds"), "{text}");
    assert!(text.ends_with("\ntimes in Asia/Seoul\n"), "{text}");

    aws.advance(SignedDuration::from_mins(5));
    assert!(!listed(&aws, false).text.contains("alarm=a"));
    let all = listed(&aws, true).text;
    assert!(all.contains("over") && all.contains("alarm=a"), "{all}");
    let json = block_on(list(&aws, true, aws.now())).unwrap().json(aws.now()).text;
    let json: Vec<Value> = serde_json::from_str(&json).unwrap();
    let states: Vec<&str> = json.iter().map(|s| s["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["over", "holds"]);
    assert_eq!(json[1]["matchers"], CPU);
}

#[test]
fn an_empty_list_says_so() {
    let aws = world();
    assert_eq!(listed(&aws, false).notes, ["no silence is in force or to come"]);
    assert_eq!(listed(&aws, true).notes, ["no silence is kept"]);
}

#[test]
fn one_that_is_ended_stays_on_the_record() {
    let aws = world();
    silence(&aws, &wish(CPU)).unwrap();
    let before = kept(&aws).remove(0);
    aws.advance(SignedDuration::from_mins(10));
    let told = unsilence(&aws, &before.id).unwrap().text;
    assert!(told.starts_with(&format!("{}: over now", before.id)), "{told}");
    let [ended] = kept(&aws).try_into().unwrap();
    assert_eq!(ended, Silence { ends: at(NOON) + SignedDuration::from_mins(10), ..before.clone() });
    assert!(listed(&aws, false).text.is_empty());

    for (id, words) in
        [(before.id.as_str(), "was over at 14:35 KST already"), ("s-0", "no silence s-0")]
    {
        let failure = unsilence(&aws, id).unwrap_err();
        assert_eq!(failure.code(), 1);
        assert!(failure.to_string().contains(words), "{failure}");
    }
}

#[test]
fn one_that_is_to_come_never_holds_once_it_is_ended() {
    let aws = world();
    let starts = Some(at("2026-11-21T13:00:00Z"));
    silence(&aws, &Wish { starts, ..wish(CPU) }).unwrap();
    let id = kept(&aws).remove(0).id;
    unsilence(&aws, &id).unwrap();
    let ended = kept(&aws).remove(0);
    assert!(ended.ends < ended.starts);
    assert_eq!(listed(&aws, false).notes.len(), 1);
}

#[test]
fn a_terminal_is_not_at_the_mercy_of_what_others_wrote() {
    let aws = world();
    let hostile = Silence {
        id: "s-\u{1b}[2J".into(),
        matchers: "alarm=\u{202e}x".into(),
        starts: at(NOON),
        ends: at(NOON) + SignedDuration::from_hours(1),
        author: "\u{7}kim".into(),
        comment: "two\nlines".into(),
    };
    block_on(aws.put_silence(&hostile)).unwrap();
    let report = listed(&aws, false);
    assert_eq!(report.text.lines().count(), 4, "{}", report.text);
    assert!(!report.text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{:?}", report.text);
}

#[test]
fn one_that_cannot_be_read_is_named_because_it_silences_nothing() {
    let aws = world();
    silence(&aws, &wish(CPU)).unwrap();
    let kept = kept(&aws).remove(0);
    let broken = Silence { id: "s-broken".into(), matchers: "alarm=~(".into(), ..kept };
    block_on(aws.put_silence(&broken)).unwrap();
    let report = listed(&aws, false);
    assert_eq!(report.code(), 1);
    assert!(report.troubles[0].contains("s-broken"), "{:?}", report.troubles);
}

#[test]
fn without_the_table_it_is_a_failure() {
    let aws = world();
    aws.set_table_missing(true);
    assert_eq!(silence(&aws, &wish(CPU)).unwrap_err().code(), 1);
    assert_eq!(block_on(list(&aws, false, aws.now())).unwrap_err().code(), 1);
    assert_eq!(unsilence(&aws, "s-1").unwrap_err().code(), 1);
}

#[test]
fn times_are_told_in_the_fleets_zone_when_they_share_one() {
    let name = |aws: &FakeAws| block_on(zone(aws, None)).iana_name().unwrap().to_owned();
    assert_eq!(name(&world()), "UTC", "Asia/Seoul and UTC");
    let aws = FakeAws::at(at(NOON));
    assert_eq!(name(&aws), "UTC", "no policy");
    let one = crate::scene::POLICY.replace("\"UTC\"", "\"Asia/Seoul\"");
    crate::scene::put(&aws, 1, &one);
    assert_eq!(name(&aws), "Asia/Seoul");
}
