//! What the calendar shows: ordinary weeks, what is unusual about them, and the clock's changes.

use super::*;

const POLICY: &str = r#"
version = 1
[fleets.aira-web]
min = 2
time_zone = "ZONE"
load = { expression = "m", metrics = { m = "AWS/EC2 NetworkIn Sum" } }
capacity_per_instance = 600
day = { starts = "08:00", floor = 6 }
night = { starts = "22:00", floor = 3, EXTRA }
"#;

fn policy(zone: &str, extra: &str) -> String {
    POLICY.replace("ZONE", zone).replace(", EXTRA", extra)
}

fn ask(from: Option<&str>, days: u32) -> Ask {
    let from = from.map(|date| date.parse().unwrap());
    Ask { policy: "-".into(), fleet: None, days, from, json: false }
}

/// What is shown below the heading.
fn lines(document: &str, from: &str, days: u32) -> Vec<String> {
    let answer = answer(document, &ask(Some(from), days), Timestamp::UNIX_EPOCH).unwrap();
    let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    answer.words().lines().skip(3).map(squeezed).collect()
}

#[test]
fn an_ordinary_weekend() {
    assert_eq!(
        lines(&policy("Asia/Seoul", ""), "2026-11-20", 3),
        [
            "Fri 2026-11-20 00:00 to 08:00 night 8 h floor 3",
            "Fri 2026-11-20 08:00 to 22:00 day 14 h floor 6 asked for from 07:54",
            "Fri 2026-11-20 22:00 to 08:00 Mon 11-23 night 58 h floor 3",
        ]
    );
}

#[test]
fn holidays_and_an_evening_that_goes_on() {
    let extra = r#", holidays = { "2027-01-01" = "sun", "2027-01-02" = "mon" },
        exceptions = [{ stay_up_until = "2026-12-31T02:00", reason = "launch" }]"#;
    let document = policy("Asia/Seoul", &extra.replace('\n', " "));
    assert_eq!(
        lines(&document, "2026-12-30", 5),
        [
            "Wed 2026-12-30 00:00 to 08:00 night 8 h floor 3",
            "Wed 2026-12-30 08:00 to 22:00 day 14 h floor 6 asked for from 07:54",
            "Wed 2026-12-30 22:00 to 02:00 Thu 12-31 day 4 h floor 6 stays up: launch",
            "Thu 2026-12-31 02:00 to 08:00 night 6 h floor 3",
            "Thu 2026-12-31 08:00 to 22:00 day 14 h floor 6 asked for from 07:54",
            "Thu 2026-12-31 22:00 to 08:00 Sat 01-02 night 34 h floor 3",
            "Fri 2027-01-01 a holiday: counts as sun",
            "Sat 2027-01-02 a holiday: counts as mon",
            "Sat 2027-01-02 08:00 to 22:00 day 14 h floor 6 asked for from 07:54; counts as mon",
            "Sat 2027-01-02 22:00 to 08:00 Mon 01-04 night 34 h floor 3",
        ]
    );
}

#[test]
fn staying_up_into_the_next_day_is_one_evening_and_one_day() {
    let extra = r#", exceptions = [{ stay_up_until = "2026-11-19T09:00", reason = "launch" }]"#;
    let shown = lines(&policy("Asia/Seoul", extra), "2026-11-18", 2);
    assert_eq!(
        shown[2..],
        [
            "Wed 2026-11-18 22:00 to 09:00 Thu 11-19 day 11 h floor 6 stays up: launch",
            "Thu 2026-11-19 08:00 to 22:00 day 14 h floor 6 asked for from 07:54",
            "Thu 2026-11-19 22:00 to 08:00 Fri 11-20 night 10 h floor 3",
        ]
    );
}

#[test]
fn both_changes_of_the_clock() {
    let autumn = lines(&policy("Europe/Berlin", ""), "2026-10-23", 3);
    assert_eq!(
        autumn[2..],
        [
            "Fri 2026-10-23 22:00 to 08:00 Mon 10-26 night 59 h floor 3",
            "Sun 2026-10-25 the clock goes back, from 03:00 +02:00 to 02:00 +01:00: 02:00 to 03:00 \
         comes twice",
        ]
    );
    let spring = lines(&policy("Europe/Berlin", ""), "2027-03-28", 1);
    assert_eq!(
        spring,
        [
            "Sun 2027-03-28 00:00 to 08:00 Mon 03-29 night 31 h floor 3",
            "Sun 2027-03-28 the clock goes forward, from 02:00 +01:00 to 03:00 +02:00: 02:00 to 03:00 \
         does not exist",
        ]
    );
}

#[test]
fn a_start_that_is_skipped_or_repeated() {
    let early = policy("Europe/Berlin", "")
        .replace("starts = \"08:00\"", "starts = \"02:30\", days = [\"sun\"]");
    let day = |from: &str| {
        let shown = lines(&early, from, 1).into_iter();
        shown.filter(|line| line.contains(" day ")).collect::<Vec<_>>()
    };
    assert_eq!(
        day("2027-03-28"),
        ["Sun 2027-03-28 03:30 to 22:00 day 18.5 h floor 6 asked for from 03:24; the clock skips \
         its start at 02:30"]
    );
    assert_eq!(
        day("2026-10-25"),
        [
            "Sun 2026-10-25 02:30 to 22:00 day 20.5 h floor 6 asked for from 02:24; 02:30 comes twice: \
         the first"
        ]
    );
}

#[test]
fn every_window_is_the_calendars() {
    let extra = r#", holidays = { "2026-03-30" = "sun", "2026-10-24" = "wed" },
        exceptions = [{ stay_up_until = "2026-03-29T04:00", reason = "a" },
        { stay_up_until = "2026-03-31T23:00", reason = "b" }]"#;
    for zone in ["Europe/Berlin", "America/New_York", "Asia/Seoul", "Australia/Lord_Howe"] {
        let document = policy(zone, &extra.replace('\n', " "));
        let calendar = Policy::parse(&document).unwrap().fleets.into_values().next().unwrap();
        let calendar = calendar.calendar;
        let answer = answer(&document, &ask(Some("2026-01-01"), 366), Timestamp::UNIX_EPOCH);
        let windows = &answer.unwrap().fleets[0].windows;
        let at = |local: &Local| local.0.timestamp();
        let (mut days, mut nights) = (0, 0);
        for window in windows {
            let (start, end) = (at(&window.start), at(window.end.as_ref().unwrap()));
            let middle = start + end.duration_since(start) / 2;
            for moment in [start, middle, end - SignedDuration::from_nanos(1)] {
                let is_day = calendar.at(moment).day.is_some();
                assert_eq!(is_day, window.kind == Kind::Day, "{zone} {moment}");
            }
            if window.kind == Kind::Day { days += 1 } else { nights += 1 }
        }
        assert!((262..=264).contains(&days) && nights >= 259, "{zone}: {days} {nights}");
    }
}

#[test]
fn the_first_day_is_today_in_the_fleets_zone() {
    let now = "2026-11-20T20:00:00Z".parse().unwrap();
    for (zone, today) in [("Asia/Seoul", "2026-11-21"), ("America/New_York", "2026-11-20")] {
        let answer = answer(&policy(zone, ""), &ask(None, 1), now).unwrap();
        assert_eq!(answer.fleets[0].from.form("%F"), today, "{zone}");
    }
}

#[test]
fn as_json() {
    let document = policy("Europe/Berlin", r#", holidays = { "2026-10-26" = "sun" }"#);
    let answer = answer(&document, &ask(Some("2026-10-24"), 4), Timestamp::UNIX_EPOCH).unwrap();
    let json: serde_json::Value = serde_json::from_str(&answer.json()).unwrap();
    let fleet = &json["fleets"][0];
    assert_eq!(fleet["from"], "2026-10-24T00:00:00+02:00");
    assert_eq!(fleet["lead_secs"], 360);
    assert_eq!(fleet["holidays"][0]["counts_as"], "sun");
    assert_eq!(fleet["clock_changes"][0]["at"], "2026-10-25T02:00:00+01:00");
    assert_eq!(fleet["clock_changes"][0]["instead_of"], "2026-10-25T03:00:00+02:00");
    assert_eq!(fleet["clock_changes"][0]["hours"]["repeated"]["from"], "02:00");
    assert_eq!(fleet["windows"][1]["kind"], "day");
    assert_eq!(fleet["windows"][1]["asked_for_from"], "2026-10-27T07:54:00+01:00");
}

#[test]
fn wrong_input_is_said() {
    let other = Ask { fleet: Some("api".into()), ..ask(None, 1) };
    let late = ask(Some("9999-12-31"), 300);
    let document = policy("Asia/Seoul", "");
    for (document, ask, why) in [
        (document.as_str(), &other, "--fleet: no fleet \"api\"; there is aira-web"),
        (document.as_str(), &late, "beyond the calendar"),
        (&document.replace("floor = 6", "floor = -6"), &late, "fleets.aira-web.day.floor"),
    ] {
        let error = answer(document, ask, Timestamp::UNIX_EPOCH).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
