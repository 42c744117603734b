//! `tidegate decide` over real pipes: every answer comes before the next line is sent.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const START: &str = r#"{"type":"start","capacity_rpm":100,"boot_s":180,"min":2,"max":40}"#;

fn engine(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    let pipes = command.arg("decide").args(arguments);
    pipes.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_day_is_decided_line_by_line() {
    let mut engine = engine(&[]);
    let mut lines = engine.stdin.take().unwrap();
    let mut answers = BufReader::new(engine.stdout.take().unwrap());
    writeln!(lines, "{START}").unwrap();
    let (mut desired, mut answer, began) = (5, String::new(), Instant::now());
    let day = 1_440_u32;
    for minute in 0..day {
        let data = minute.saturating_sub(2);
        let requests = 300 + (720 - i64::from(data).abs_diff(720)) * 2;
        writeln!(
            lines,
            r#"{{"type":"minute","minute":{minute},"data_minute":{data},"requests":{requests},"cpu":50.5,"in_service":{desired},"desired":{desired}}}"#
        )
        .unwrap();
        answer.clear();
        answers.read_line(&mut answer).unwrap();
        let number = answer.strip_prefix("{\"desired\":").and_then(|a| a.strip_suffix("}\n"));
        desired = number.unwrap().parse::<u32>().unwrap();
        // Noon takes 18: 1.6 times of what is seen while nothing is learned.
        assert!((2..=40).contains(&desired));
        if minute == 720 {
            assert!((20..=29).contains(&desired), "{desired}");
        }
    }
    assert!(desired < 12, "it comes down with the load: {desired}");
    assert!(began.elapsed().as_secs() < 60);
    drop(lines);
    let end = engine.wait_with_output().unwrap();
    assert_eq!((end.status.code(), end.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn what_is_wrong_is_said_and_told_by_the_exit_code() {
    for (name, arguments, lines, code, said) in [
        ("no fleet", &[][..], "{}\n", 2, "line 1: a wrong line before any start"),
        ("a wrong dial", &["--sla", "cheap"], "", 2, "thrifty, balanced or strict"),
        ("a fleet", &["--sla", "strict"], START, 0, ""),
    ] {
        let mut engine = engine(arguments);
        // An engine that has ended reads nothing.
        let _ = engine.stdin.take().unwrap().write_all(lines.as_bytes());
        let end = engine.wait_with_output().unwrap();
        assert_eq!(end.status.code(), Some(code), "{name}");
        let stderr = String::from_utf8(end.stderr).unwrap();
        assert!(stderr.contains(said), "{name}: {stderr}");
    }
}
