//! What is read, what is refused and with which words; that writing and reading are each other's
//! opposite; that no bytes break the reader.

use super::*;
use proptest::prelude::*;
use std::io::Write;

const ROWS: &str = "timestamp_utc,requests_per_minute\n\
    2026-01-05T00:00:00Z,1.5\n2026-01-05T00:01:00Z,2\n\n2026-01-05T00:04:00Z,7\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// `count` rows from 2026-01-05 on, so many minutes apart, with the load that is given.
fn rows(count: i64, apart: i64, load: impl Fn(i64) -> String) -> String {
    let first = 29_459_520;
    (0..count).map(|n| format!("{},{}\n", time::text(first + n * apart), load(n))).collect()
}

#[test]
fn a_minute_that_is_left_out_is_known_to_be() {
    let trace = read(
        rows(10, 1, |n| if n == 3 { String::new() } else { n.to_string() }).as_bytes(),
        &Rules::default(),
    );
    let Reading { trace, notes } = trace.unwrap();
    assert_eq!((trace.first, trace.loads.len()), (29_459_520, 10));
    assert_eq!([2, 3, 4, 10].map(|n| trace.seen(n)), [Some(2.0), None, Some(4.0), None]);
    assert_eq!((trace.loads[3], trace.peak()), (2.0, 9.0));
    let told = "1 of 10 minutes have no value (10.0 %, at most 1 in a row): each counts as never";
    assert!(notes.len() == 1 && notes[0].starts_with(told), "{notes:?}");
}

#[test]
fn a_left_out_row_is_the_same_as_an_empty_one() {
    let full = rows(20, 1, |n| n.to_string());
    let line = full.lines().nth(7).unwrap();
    let empty =
        full.replace(line, line.split(',').next().map(|t| format!("{t},")).unwrap().as_str());
    let without = full.replace(&format!("{line}\n"), "");
    assert_eq!(Trace::read(empty.as_bytes()), Trace::read(without.as_bytes()));
}

#[test]
fn what_is_missing_is_bounded() {
    let error = Trace::read(ROWS.as_bytes()).unwrap_err().to_string();
    assert!(
        error.contains("2 of 5 minutes have no value (40.0 %") && error.contains("--missing zero"),
        "{error}"
    );
    let rules = Rules { missing: Missing::Zero, ..Rules::default() };
    let Reading { trace, notes } = read(ROWS.as_bytes(), &rules).unwrap();
    assert_eq!((trace.loads, trace.hidden.len()), (vec![1.5, 2.0, 0.0, 0.0, 7.0], 0));
    assert!(notes[0].contains("each counts as no load"), "{notes:?}");
}

#[test]
fn forms_that_are_the_same_trace() {
    let plain = rows(30, 1, |n| format!("{n}.5"));
    let want = Trace::read(plain.as_bytes()).unwrap();
    assert!((want.mean() - 15.0).abs() < 1e-9);
    let head = "timestamp_utc,requests_per_minute";
    for (name, bytes) in [
        ("gzip", gzip(plain.as_bytes())),
        (
            "gzip in two members",
            [gzip(&plain.as_bytes()[..100]), gzip(&plain.as_bytes()[100..])].concat(),
        ),
        ("a header", format!("{head}\n{plain}").into_bytes()),
        ("a mark of its bytes' order", format!("\u{feff}{head}\n{plain}").into_bytes()),
        ("carriage returns", plain.replace('\n', "\r\n").into_bytes()),
        ("blanks", plain.replace(',', " , ").into_bytes()),
        (
            "quotation marks",
            plain
                .replace(',', "\",\"")
                .replace("2026", "\"2026")
                .replace('\n', "\"\n")
                .into_bytes(),
        ),
        ("no zone", plain.replace('T', " ").replace(":00Z", "").into_bytes()),
        ("an offset", plain.replace('Z', "+00:00").into_bytes()),
        ("empty lines", plain.replace('\n', "\n\n").into_bytes()),
    ] {
        assert_eq!(Trace::read(&bytes), Ok(want.clone()), "{name}");
    }
}

#[test]
fn a_wrong_row_is_refused_with_its_line() {
    let first = "t,l\n2026-01-05T00:00:00Z,1\n";
    for (name, row, why) in [
        ("no comma", "2026-01-05T00:01:00Z 1", "expected time,load"),
        ("no time", "yesterday,1", "\"yesterday\" is no time"),
        ("seconds", "2026-01-05T00:01:30Z,1", "is no whole minute"),
        ("twice", "2026-01-05T00:00:00Z,1", "stands there twice"),
        ("backwards", "2026-01-04T00:00:00Z,1", "does not come after"),
        ("far ahead", "2027-01-05T00:00:00Z,1", "more than 15 days"),
        ("negative", "2026-01-05T00:01:00Z,-1", "at or above zero"),
        ("NaN", "2026-01-05T00:01:00Z,NaN", "at or above zero"),
        ("infinite", "2026-01-05T00:01:00Z,inf", "at or above zero"),
        ("as good as infinite", "2026-01-05T00:01:00Z,1e999", "at most 1e15"),
        ("no number", "2026-01-05T00:01:00Z,many", "got \"many\""),
        ("a thousand and one", "2026-01-05T00:01:00Z,1,001", "expected 2 columns, got 3"),
        ("hostile", "2026-01-05T00:01:00Z,\u{202e}1\u{1b}[2J", "got \"\\u{202e}1\\u{1b}[2J\""),
    ] {
        let error = Trace::read(format!("{first}{row}\n").as_bytes()).unwrap_err();
        let [told] = error.told() else { panic!("{name}: {error}") };
        assert!(told.starts_with("line 3: ") && told.contains(why), "{name}: {told}");
    }
}

#[test]
fn every_fault_is_told_at_once_and_not_too_many() {
    let text = rows(50, 1, |n| if n % 2 == 0 { n.to_string() } else { "-1".to_owned() });
    let error = Trace::read(text.as_bytes()).unwrap_err();
    assert_eq!((error.count(), error.told().len()), (25, 20));
    let words = error.to_string();
    assert!(words.starts_with("the data has 25 fault(s):\n  line 2: expected"), "{words}");
    assert!(words.ends_with("\n  ... and 5 more"), "{words}");
}

#[test]
fn files_that_are_no_trace() {
    let packed = gzip(ROWS.as_bytes());
    let century = "2000-01-05T00:00:00Z,1\n".to_owned()
        + &(0..400)
            .fold(String::new(), |text, n| text + &time::text(15_784_800 + n * 14 * 1440) + ",1\n");
    for (name, bytes, why) in [
        ("nothing", &b""[..], "no row of data"),
        ("a header alone", b"t,l\n", "no row of data"),
        ("no value", b"t,l\n2026-01-05T00:00:00Z,\n", "no value in it"),
        ("cut", &packed[..packed.len() / 2], "not readable"),
        ("no text", &[0xff, 0xfe, 0x00], "not readable"),
        ("fifteen years", century.as_bytes(), "more than ten years"),
    ] {
        let error = Trace::read(bytes).unwrap_err().to_string();
        assert!(error.contains(why), "{name}: {error}");
    }
}

#[test]
fn a_coarser_trace_is_drawn_between_the_middles_of_its_periods() {
    let text = rows(3, 5, |n| ["10", "20", "20"][n as usize].to_owned());
    let Reading { trace, notes } = read(text.as_bytes(), &Rules::default()).unwrap();
    let loads = [10.0, 10.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 20.0, 20.0];
    let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9;
    assert!(trace.loads.iter().zip(&loads).all(near), "{:?}", trace.loads);
    assert_eq!(trace.loads.len(), 15);
    assert!(notes[0].contains("300 s apart: each value was taken as load per minute"), "{notes:?}");
}

#[test]
fn a_missing_period_hides_its_minutes() {
    let text = rows(40, 5, |n| if n == 7 { String::new() } else { n.to_string() });
    let trace = Trace::read(text.as_bytes()).unwrap();
    assert_eq!(trace.hidden, (35..40).collect());
}

#[test]
fn periods_that_are_no_part_of_an_hour_are_minutes_with_most_of_them_missing() {
    for apart in [7, 120, 1440] {
        let error = Trace::read(rows(9, apart, |_| "1".to_owned()).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("minutes have no value"), "{apart}: {error}");
    }
}

mod json {
    use super::*;

    fn page(results: &str, rest: &str) -> String {
        format!("{{\"MetricDataResults\":[{results}]{rest}}}")
    }

    fn result(id: &str, times: &str, values: &str) -> String {
        let (id, label) = (format!("\"Id\":\"{id}\""), "\"Label\":\"RequestCount\"");
        format!(
            "{{{id},{label},\"Timestamps\":[{times}],\"Values\":[{values}],\
             \"StatusCode\":\"Complete\"}}"
        )
    }

    const TEXT: &str = "\"2026-01-05T00:00:00+00:00\",\"2026-01-05T00:01:00+00:00\"";

    #[test]
    fn forms_that_are_the_same_trace() {
        let want = Trace { first: 29_459_520, loads: vec![3.0, 4.5], ..Trace::default() };
        let one = |times: &str, values: &str| page(&result("m1", times, values), "");
        let newest_first = "\"2026-01-05T00:01:00Z\",\"2026-01-05T00:00:00Z\"";
        let epoch = "1767571200, 1767571260.0";
        let (early, late) = ("\"2026-01-05T09:00:00+09:00\"", "1767571260.0");
        for (name, text) in [
            ("oldest first", one(TEXT, "3,4.5")),
            ("newest first", one(newest_first, "4.5,3")),
            ("epoch", one(epoch, "3,4.5")),
            ("pages", one(late, "4.5") + "\n" + &one(early, "3.0")),
            ("messages", page(&result("m1", TEXT, "3,4.5"), ",\"Messages\":[]")),
            (
                "a page that says that it is not the last",
                page(&result("m1", early, "3"), ",\"NextToken\":\"x\"")
                    .replace("Complete", "PartialData")
                    + &one(late, "4.5"),
            ),
        ] {
            assert_eq!(Trace::read(text.as_bytes()), Ok(want.clone()), "{name}");
            assert_eq!(Trace::read(&gzip(text.as_bytes())), Ok(want.clone()), "{name}, packed");
        }
    }

    #[test]
    fn coarser_ones_are_divided_or_not() {
        let times: Vec<String> = (0..10).map(|n| (1_767_571_200 + n * 300).to_string()).collect();
        let text = page(&result("m1", &times.join(","), &["500"; 10].join(",")), "");
        for (statistic, load, said) in [
            (Statistic::Sum, 100.0, "each value was divided by 5"),
            (Statistic::Average, 500.0, "each value was taken as load per minute"),
        ] {
            let rules = Rules { statistic, ..Rules::default() };
            let Reading { trace, notes } = read(text.as_bytes(), &rules).unwrap();
            assert_eq!(trace.loads, [load; 50]);
            assert!(notes[0].contains(said), "{notes:?}");
        }
    }

    #[test]
    fn one_of_several() {
        let two = page(&(result("m1", TEXT, "1,2") + "," + &result("m2", TEXT, "3,4")), "");
        let load = |metric: Option<&str>| {
            let rules = Rules { metric: metric.map(str::to_owned), ..Rules::default() };
            read(two.as_bytes(), &rules).map(|reading| reading.trace.loads)
        };
        assert_eq!(load(Some("m2")), Ok(vec![3.0, 4.0]));
        for (metric, why) in [
            (None, "with --metric; there is m1 (\"RequestCount\"), m2 (\"RequestCount\")"),
            (Some("m3"), "nothing is called \"m3\"; there is m1 (\"RequestCount\"), m2"),
        ] {
            let error = load(metric).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn what_is_refused() {
        let good = page(&result("m1", TEXT, "1,2"), "");
        let again = result("m1", TEXT, "1,2").replace("RequestCount", "other");
        for (name, text, why) in [
            (
                "partial",
                good.replace("Complete", "PartialData"),
                "\"m1\": its StatusCode is \"Partial",
            ),
            ("failed", good.replace("Complete", "InternalError"), "not all is there"),
            ("next", page(&result("m1", TEXT, "1,2"), ",\"NextToken\":\"a\""), "NextToken"),
            ("negative", good.replace("[1,", "[-1,"), "value 1: at 2026-01-05T00:00:00Z, expected"),
            ("null", good.replace("[1,", "[null,"), "got nothing"),
            ("NaN", good.replace("[1,", "[NaN,"), "no output of"),
            (
                "seconds",
                good.replace("00:01:00", "00:01:30"),
                "value 2: \"2026-01-05T00:01:30+00:00\" is no",
            ),
            (
                "half a second",
                good.replace("\"2026-01-05T00:01:00+00:00\"", "1767571260.5"),
                "no whole",
            ),
            ("no time", good.replace("2026-01-05T00:01", "then"), "is no time"),
            (
                "too late a time",
                good.replace("\"2026-01-05T00:01:00+00:00\"", "1e300"),
                "is no time",
            ),
            (
                "twice",
                good.replace("00:01:00", "00:00:00"),
                "2026-01-05T00:00:00Z stands there twice",
            ),
            ("far ahead", good.replace("-05T00:01", "-25T00:01"), "more than 15 days"),
            ("lengths", good.replace("[1,2]", "[1]"), "2 times and 1 values"),
            ("nothing", page("", ""), "MetricDataResults is empty"),
            ("no values", page(&result("m1", "", ""), ""), "no value in it"),
            (
                "another command's",
                "{\"Datapoints\":[]}".to_owned(),
                "missing field `MetricDataResults`",
            ),
            ("cut", good[..40].to_owned(), "no output of"),
            ("labels", page(&(result("m1", TEXT, "1,2") + "," + &again), ""), "several results"),
        ] {
            let error = Trace::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
    }

    #[test]
    fn messages_are_told() {
        let text = page(
            &result("m1", TEXT, "1,2"),
            ",\"Messages\":[{\"Code\":\"Some\",\"Value\":\"limit\\u001b[2J\"}]",
        );
        let notes = read(text.as_bytes(), &Rules::default()).unwrap().notes;
        assert_eq!(notes, ["CloudWatch's message, \"Some\": \"limit\\u{1b}[2J\""]);
    }
}

fn traces() -> impl Strategy<Value = Trace> {
    let load = prop_oneof![0.0..1e6, (0_u32..5_000).prop_map(f64::from), Just(0.0), Just(1e15)];
    let minutes = proptest::collection::vec((load, 0_u8..12), 2..300);
    (-1_000_000_i64..60_000_000, minutes).prop_map(|(first, minutes)| {
        let mut trace = Trace { first, ..Trace::default() };
        let last = minutes.len() - 1;
        for (index, (load, hidden)) in minutes.into_iter().enumerate() {
            let hide =
                hidden == 0 && index > 0 && index < last && trace.hidden.len() * 5 + 5 <= index;
            trace.hidden.extend(Some(index).filter(|_| hide));
            let before = trace.loads.last().copied().unwrap_or(load);
            trace.loads.push(if hide { before } else { load });
        }
        trace
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(trace in traces()) {
        let text = trace.to_csv();
        prop_assert_eq!(Trace::read(text.as_bytes()), Ok(trace.clone()));
        prop_assert_eq!(Trace::read(&gzip(text.as_bytes())), Ok(trace));
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Trace::read(&bytes);
        let _ = Trace::read(&gzip(&bytes));
    }

    /// Bytes of a file that is nearly right.
    #[test]
    fn no_near_miss_breaks_the_reader(
        start in prop_oneof![Just("t,l\n"), Just("{\"MetricDataResults\":[{\"Id\":\"a\",\"Timestamps\":[")],
        parts in proptest::collection::vec(
            prop_oneof![
                Just("2026-01-05T00:00:00Z".to_owned()), Just("9999-12-31T23:59:00Z".to_owned()),
                Just("-009999-01-01T00:00:00Z".to_owned()), Just("],\"Values\":[".to_owned()),
                Just("]}]}".to_owned()), Just(",".to_owned()), Just("\n".to_owned()),
                Just("\"".to_owned()), Just("1e308".to_owned()), Just("-1".to_owned()),
                any::<i64>().prop_map(|n| n.to_string()), any::<f64>().prop_map(|n| n.to_string()),
                ".{0,6}",
            ],
            0..40,
        ),
    ) {
        let text = start.to_owned() + &parts.concat();
        for missing in [Missing::Unknown, Missing::Zero] {
            let rules = Rules { missing, ..Rules::default() };
            if let Ok(reading) = read(text.as_bytes(), &rules) {
                prop_assert!(reading.trace.loads.iter().all(|load| (0.0..=1e15).contains(load)));
            }
        }
    }
}
