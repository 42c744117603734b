//! The protocol line by line, and fleets over it.

use super::*;
use crate::generate::{Shape, generate};

const START: &str = r#"{"type":"start","capacity_rpm":100,"boot_s":180,"min":2,"max":40}"#;

/// What is answered, and what is remarked.
fn told(lines: &str) -> (Result<Report, Failure>, String, String) {
    let (mut out, mut remarks) = (Vec::new(), Vec::new());
    let ended = run(lines.as_bytes(), &mut out, &mut remarks, Dial::Thrifty);
    (ended, String::from_utf8(out).unwrap(), String::from_utf8(remarks).unwrap())
}

fn sizes(out: &str) -> Vec<u32> {
    let number = |line: &str| {
        line.strip_prefix("{\"desired\":").and_then(|l| l.strip_suffix('}')).unwrap().parse()
    };
    out.lines().map(|line| number(line).unwrap()).collect()
}

/// A minute whose data is `lag` minutes old.
fn minute(minute: usize, lag: usize, requests: f64, desired: u32) -> String {
    let data = minute.checked_sub(lag).map_or("null".to_owned(), |data| data.to_string());
    format!(
        r#"{{"type":"minute","minute":{minute},"data_minute":{data},"requests":{requests},"in_service":{desired},"desired":{desired}}}"#
    )
}

#[test]
fn a_line_is_read_or_refused_with_the_reason() {
    for (name, line, want) in [
        ("a start", START, "Start(Ok(Start { capacity: 100.0, boot_secs: 180, min: 2, max: 40 }))"),
        (
            "a start with more than is needed",
            r#"{"cpu_at_capacity":80,"type":"start","capacity_rpm":1e2,"boot_s":0.5,"min":0,"max":0}"#,
            "Start(Ok(Start { capacity: 100.0, boot_secs: 1, min: 0, max: 0 }))",
        ),
        (
            "a start that is wrong in every way",
            r#"{"type":"start","capacity_rpm":0,"boot_s":7200,"min":3.5,"max":-1}"#,
            "Start(Err(\"boot_s is a whole number from 0 to 3600, not 7200; \
             min is a whole number from 0 to 65535, not 3.5; \
             max is a whole number from 0 to 65535, not -1; \
             capacity_rpm is a number above zero\"))",
        ),
        (
            "limits that contradict",
            r#"{"type":"start","capacity_rpm":1,"boot_s":1,"min":3,"max":2}"#,
            "Start(Err(\"max is not below min\"))",
        ),
        (
            "a minute",
            r#"{"type":"minute","minute":7,"data_minute":5,"requests":12.5,"cpu":60,"in_service":3,"desired":4}"#,
            "Minute(Minute { minute: 7, data_minute: Some(5), requests: Some(12.5), \
             in_service: Some(3), desired: Some(4) })",
        ),
        (
            "a minute of which nothing is known, from a writer of floats",
            r#"{"type":"minute","minute":7.0,"data_minute":null,"requests":null}"#,
            "Minute(Minute { minute: 7, data_minute: None, requests: None, \
             in_service: None, desired: None })",
        ),
        ("space", "  \t", "Nothing"),
        ("another type", r#"{"type":"stop","minute":-1}"#, "Other(\"stop\")"),
        ("no minute", r#"{"type":"minute"}"#, "minute is missing"),
        (
            "data of the future, a size that is none",
            r#"{"type":"minute","minute":7,"data_minute":8,"desired":-2}"#,
            "desired is a whole number from 0 to 65535, not -2; data_minute is not after minute",
        ),
        ("no type", r#"{"minute":7}"#, "missing field `type`, column 12"),
        ("a word for a number", r#"{"type":"minute","minute":"7"}"#, "invalid type: string \"7\""),
        ("no JSON", "minute 7", "expected value, column 1"),
        ("cut", r#"{"type":"minute","minute":7"#, "EOF while parsing"),
        ("NaN", r#"{"type":"minute","minute":7,"requests":NaN}"#, "expected value, column"),
        ("twice", r#"{"type":"minute","minute":7,"minute":8}"#, "duplicate field `minute`"),
    ] {
        let read = match Line::read(line.as_bytes()) {
            Ok(line) => format!("{line:?}"),
            Err(why) => why,
        };
        assert!(read.starts_with(want), "{name}: {read}");
    }
}

#[test]
fn a_refused_line_is_answered_with_what_stands() {
    let lines =
        [START, &minute(0, 2, 0.0, 7), "garbage", "", r#"{"type":"note"}"#, &minute(0, 2, 0.0, 9)];
    let (ended, out, remarks) = told(&lines.join("\n"));
    assert_eq!(sizes(&out), [7, 7, 7]);
    assert_eq!(
        remarks,
        "line 3: expected value, column 1\nline 5: \"note\" is neither start nor minute\n\
         line 6: minute 0 does not come after 0\n"
    );
    assert_eq!(ended, Err(Failure::Input("2 of 6 lines were refused".to_owned())));
}

#[test]
fn without_a_fleet_it_ends() {
    let wrong = r#"{"type":"start","capacity_rpm":-1,"boot_s":1,"min":1,"max":2}"#;
    let later = format!("{START}\n{}\n{wrong}\n{}", minute(0, 2, 0.0, 7), minute(1, 2, 0.0, 7));
    for (name, lines, answers, why) in [
        ("a minute", minute(0, 2, 0.0, 7), 0, "line 1: a minute before any start"),
        ("garbage", "?".to_owned(), 0, "line 1: a wrong line before any start"),
        ("a wrong start", wrong.to_owned(), 0, "line 1: capacity_rpm is a number above zero"),
        ("a wrong second start", later, 1, "line 3: capacity_rpm is a number above zero"),
    ] {
        let (ended, out, _) = told(&lines);
        assert_eq!(sizes(&out).len(), answers, "{name}");
        let Err(Failure::Input(told)) = ended else { panic!("{name}: {ended:?}") };
        assert!(told.starts_with(why), "{name}: {told}");
    }
    assert_eq!(told("").0, Ok(Report::default()), "nothing was asked");
}

#[test]
fn a_line_without_end_is_a_wrong_line() {
    let long = "x".repeat(3 * 64 * 1024);
    let lines = format!("{START}\n{long}\n{}\n", minute(0, 2, 0.0, 7));
    let (_, out, remarks) = told(&lines);
    assert_eq!(sizes(&out), [2, 7]);
    assert!(remarks.starts_with("line 2: "), "{remarks}");
}

/// A fleet whose every answer is obeyed at once.
struct Obeyed {
    fleet: Fleet,
    desired: u32,
}

impl Obeyed {
    fn new(desired: u32) -> Self {
        let Ok(Line::Start(Ok(start))) = Line::read(START.as_bytes()) else { panic!("{START}") };
        Self { fleet: Fleet::new(&start, Dial::Thrifty).unwrap(), desired }
    }

    fn see(&mut self, minute: i64, data: Option<i64>, requests: Option<f64>) -> u32 {
        let now = Some(self.desired);
        let seen = Minute { minute, data_minute: data, requests, in_service: now, desired: now };
        self.desired = self.fleet.minute(&seen).unwrap();
        self.desired
    }
}

#[test]
fn nothing_goes_before_data_is_there_and_then_a_step_at_a_time() {
    let mut fleet = Obeyed::new(20);
    let sizes: Vec<u32> =
        (0..40).map(|m| fleet.see(m, (m > 1).then_some(m - 2), Some(500.0))).collect();
    let changes: Vec<(usize, u32)> =
        (1..40).filter(|n| sizes[*n] != sizes[*n - 1]).map(|n| (n, sizes[n])).collect();
    // Eight of ten minutes are known at nine, and a look that held is taken again after five
    // minutes: from then on 1.6 x 5 in fifths.
    assert_eq!(changes, [(13, 16), (24, 13), (35, 11)]);
}

#[test]
fn more_is_asked_for_at_once() {
    let mut fleet = Obeyed::new(8);
    (0..30).for_each(|m| _ = fleet.see(m, (m > 1).then_some(m - 2), Some(500.0)));
    assert_eq!(fleet.desired, 8);
    assert_eq!(fleet.see(30, Some(28), Some(1_500.0)), 40, "a burst, at most twice the peak");
    let kept = (31..).find(|m| fleet.see(*m, Some(m - 2), Some(500.0)) < 40).unwrap();
    assert_eq!(kept, 40, "ten minutes after the guard spoke");
}

/// What the metric does, as a minute's newest visible minute and whether its data is there.
#[test]
fn late_doubled_and_missing_data_is_charged_once_and_lowers_nothing() {
    type Shown = fn(i64) -> (Option<i64>, bool);
    let cases: [(&str, Shown, bool); 8] = [
        ("on time", |m| (Some(m - 2), true), true),
        ("a minute later", |m| (Some(m - 3), true), true),
        ("every other minute", |m| (Some((m - 2) / 2 * 2), true), false),
        ("later and later", |m| (Some(m - 2 - m / 100), true), true),
        ("a hole of an hour", |m| (Some(m - 2), !(200..260).contains(&m)), true),
        ("lost", |m| (Some(m - 2), m < 200), false),
        ("stopped", |m| (Some((m - 2).min(200)), true), false),
        ("never there", |_| (None, true), false),
    ];
    for (name, shown, lowers) in cases {
        let mut fleet = Obeyed::new(30);
        for m in 0..300 {
            let (data, there) = shown(m);
            let data = data.filter(|data| *data >= 0);
            fleet.see(m, data, there.then_some(1_500.0));
            if m == 210 {
                fleet.desired = 40;
            }
        }
        let charged = fleet.fleet.charged();
        assert!(charged <= 300, "{name}: {charged}");
        assert_eq!(fleet.desired < 40, lowers, "{name}: {}", fleet.desired);
    }
}

/// What is answered over days of a load on a plant that obeys at once.
fn answers(shape: Shape, seed: u64) -> String {
    let trace = generate(shape, 4, seed);
    let mut lines = String::from(START.replace("100,", "150,").as_str());
    let mut desired = 10;
    let mut all = String::new();
    let (mut out, mut remarks) = (Vec::new(), Vec::new());
    let mut engine = Engine {
        out: &mut out,
        remarks: &mut remarks,
        dial: Dial::Thrifty,
        fleet: None,
        refused: 0,
    };
    engine.take(1, lines.as_bytes()).unwrap();
    for m in 0..trace.loads.len() {
        let load = m.checked_sub(2).and_then(|data| trace.seen(data)).unwrap_or(0.0);
        lines = minute(m, 2, load, desired);
        engine.take(m + 2, lines.as_bytes()).unwrap();
        desired = sizes(std::str::from_utf8(engine.out).unwrap())[0];
        all.push_str(std::str::from_utf8(engine.out).unwrap());
        engine.out.clear();
    }
    all
}

#[test]
fn the_same_lines_have_the_same_answers() {
    let other = std::thread::spawn(|| answers(Shape::Crowds, 3));
    let here = answers(Shape::Crowds, 3);
    assert!(here == other.join().unwrap());
    assert!(here != answers(Shape::Crowds, 4));
    let sizes: std::collections::BTreeSet<u32> = sizes(&here).into_iter().collect();
    assert!(sizes.len() > 10 && sizes.iter().all(|n| (2..=40).contains(n)), "{sizes:?}");
}

#[test]
fn a_second_start_is_a_fleet_of_which_nothing_is_known() {
    let day = |first: usize| {
        let lines = (0..200).map(|m| minute(first + m, 2, 500.0 + (m * 97 % 300) as f64, 9));
        format!("{START}\n{}", lines.collect::<Vec<_>>().join("\n"))
    };
    let (_, one, _) = told(&day(5_000));
    let (ended, two, _) = told(&format!("{}\n{}", day(5_000), day(5_000)));
    assert_eq!(ended, Ok(Report::default()));
    assert_eq!(two, format!("{one}{one}"));
}

/// Whatever stands on a line, there is an answer within the limits, or an end.
#[test]
fn garbage_does_no_harm() {
    let mut chance: u64 = 9;
    let mut below = |n: usize| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        usize::try_from(chance % n as u64).unwrap()
    };
    let good = minute(77, 2, 500.0, 9);
    let (mut lines, mut answered) = (START.as_bytes().to_vec(), 0);
    for _ in 0..2_000 {
        let mut line = good.clone().into_bytes();
        for _ in 0..=below(3) {
            let at = below(line.len());
            match below(3) {
                0 => line[at] = u8::try_from(below(256)).unwrap(),
                1 => line.truncate(at + 1),
                _ => line.insert(at, b"0123456789.e-"[below(13)]),
            }
        }
        line.retain(|byte| *byte != b'\n');
        answered += usize::from(!matches!(Line::read(&line), Ok(Line::Nothing | Line::Other(_))));
        lines.extend(b"\n".iter().chain(&line));
    }
    let (mut out, mut remarks) = (Vec::new(), Vec::new());
    let ended = run(lines.as_slice(), &mut out, &mut remarks, Dial::Strict);
    assert!(matches!(ended, Err(Failure::Input(_))), "{ended:?}");
    let sizes = sizes(std::str::from_utf8(&out).unwrap());
    assert_eq!(sizes.len(), answered);
    assert!(sizes.iter().all(|n| (2..=40).contains(n)));
}
