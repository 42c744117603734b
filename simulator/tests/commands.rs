//! The program itself: `generate`, `check`, `calendar` and `calibrate`, their exit codes and where
//! they write.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn tidegate(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read them.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const DEMO: &str = "tools/demo/policy.toml";

#[test]
fn codes_and_words() {
    let demo = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(DEMO)).unwrap();
    let unwise = String::from_utf8_lossy(&demo).replace("min = 2", "min = 1").into_bytes();
    let wrong = String::from_utf8_lossy(&demo).replace("min = 2", "min = -1").into_bytes();
    let at = ["--at", "2026-11-20T12:00:00Z"];
    let check = |more: &[&'static str]| [&["check", "--policy", "-"], &at[..], more].concat();
    let days = ["--days", "2", "--from", "2026-11-20"];
    let calendar =
        |more: &[&'static str]| [&["calendar", "--policy", "-"], &days[..], more].concat();
    for (name, arguments, stdin, code, said) in [
        ("sound", check(&["--strict"]), &demo, 0, "0 warning(s)"),
        ("unwise", check(&[]), &unwise, 0, "2 warning(s)"),
        ("strict", check(&["--strict"]), &unwise, 1, "2 warning(s), and --strict"),
        ("wrong", check(&[]), &wrong, 2, "2 fault(s)"),
        ("calendar", calendar(&[]), &demo, 0, "Fri 2026-11-20  08:00 to 22:00"),
        ("one fleet", calendar(&["--fleet", "web", "--json"]), &demo, 2, "no fleet \"web\""),
        ("no days", vec!["calendar", "--policy", "-"], &demo, 2, "--days"),
        ("today", vec!["calendar", "--policy", "-", "--days", "1"], &demo, 0, "fleet aira-web"),
        ("no SLO", vec!["calibrate", "--data", "-"], &demo, 2, "--slo-latency-ms"),
        ("no data", vec!["calibrate", "--data", "-", "--cpu-at-slo", "70"], &demo, 2, "fault(s)"),
        (
            "no shape",
            vec!["generate", "--shape", "x", "--days", "1", "--seed", "1"],
            &demo,
            2,
            "chat",
        ),
    ] {
        let output = tidegate(&arguments, stdin);
        let all = out(&output) + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {all}");
        assert!(all.contains(said), "{name}: {all}");
    }
}

#[test]
fn a_generated_trace_goes_to_stdout_or_a_file() {
    let generate = ["generate", "--shape", "chat", "--days", "1", "--seed", "3", "--out"];
    let made = |out: &str, more: &[&str]| tidegate(&[&generate, &[out][..], more].concat(), b"");
    let plain = made("-", &[]);
    assert_eq!(out(&plain).lines().count(), 1_441);
    assert_eq!(plain.stdout, made("-", &[]).stdout, "a seed");
    assert!(made("-", &["--gzip"]).stdout.starts_with(&[0x1f, 0x8b]));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated.csv");
    assert_eq!(made(file.to_str().unwrap(), &[]).stdout, b"");
    assert_eq!(std::fs::read(&file).unwrap(), plain.stdout);
    let refused = made("/nowhere/x.csv", &[]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn help_has_an_example() {
    for command in ["generate", "check", "calendar", "calibrate"] {
        let output = tidegate(&[command, "--help"], b"");
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(out(&output).contains(&format!("$ tidegate {command} --")), "{command}");
        assert!(out(&output).contains("Exit codes:"), "{command}");
    }
}
