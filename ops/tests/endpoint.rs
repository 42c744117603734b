//! The program itself, over the real adapters and the local endpoint: arguments,
//! environment, exit codes.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::io::Write;
use std::process::{Command, Output, Stdio};
use tidegate_domain::ids::FleetName;
use tidegate_domain::ports::Control;
use tidegate_tests::contract::{Arrange, GroupScene};
use tidegate_tests::endpoint::stage::LocalStage;
use tidegate_tests::endpoint::{KEY, REGION};

const TABLE: &str = "tidegate-control";

fn policy(fleet: &FleetName, floor: u32) -> String {
    format!(
        "version = 1\n[fleets.{fleet}]\nmin = 1\ntime_zone = \"Asia/Seoul\"\n\
         load = {{ expression = \"m\", metrics = {{ m = \"AWS/EC2 NetworkIn Sum\" }} }}\n\
         capacity_per_instance = 600\nday = {{ starts = \"08:00\", floor = {floor} }}\n\
         night = {{ starts = \"22:00\", floor = 1 }}\n"
    )
}

/// An operator's shell.
struct Shell<'a> {
    url: &'a str,
}

impl Shell<'_> {
    fn ops(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate-ops"))
            .args(arguments)
            .env_clear()
            .env("AWS_ENDPOINT_URL", self.url)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", KEY)
            .env("TIDEGATE_CONTROL_TABLE", TABLE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read has closed the pipe.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Exit code, stdout, stderr.
    fn say(&self, arguments: &[&str], stdin: &str) -> (i32, String, String) {
        let output = self.ops(arguments, stdin);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }
}

#[tokio::test]
async fn an_operator_puts_a_policy_and_looks_at_it() {
    let stage = LocalStage::start().await.unwrap_or_else(|stop| panic!("{stop:?}"));
    let fleet = stage.group(&GroupScene::sized(2, 2, 9)).await.unwrap_or_else(|s| panic!("{s:?}"));
    let shell = Shell { url: stage.endpoint().url() };
    let (first, second) = (policy(&fleet, 2), policy(&fleet, 3));

    let (code, _, error) = shell.say(&["status"], "");
    assert_eq!(code, 2, "nothing is stored: {error}");
    let (code, out, error) = shell.say(&["policy-put", "-"], &first);
    assert_eq!(code, 1, "{out}{error}");
    assert!(error.contains("--yes"), "nobody can confirm: {error}");
    let (code, out, _) = shell.say(&["policy-put", "-", "--yes"], &first);
    assert!(code == 0 && out.contains("stored as version 1"), "{out}");
    let (code, _, error) = shell.say(&["policy-put", "-", "--yes"], &first);
    assert!(code == 1 && error.contains("version 1 already"), "{error}");
    let (code, out, _) = shell.say(&["policy-put", "-", "--dry-run"], &second);
    assert!(code == 0 && out.contains("day.floor: 2 -> 3"), "{out}");
    let (code, _, error) = shell.say(&["policy-put", "-", "--yes"], "version = 9");
    assert!(code == 2 && error.contains("version: a whole number from 1 to 1"), "{error}");
    assert_eq!(stage.world().policies().await.unwrap().len(), 1);

    let (code, out, _) = shell.say(&["policy-show"], "");
    assert_eq!((code, out), (0, first));
    let (code, out, error) = shell.say(&["status"], "");
    assert_eq!(code, 0, "{error}");
    assert!(out.contains("policy version 1") && out.contains(fleet.as_str()), "{out}");
    let (code, out, _) = shell.say(&["status", "--json"], "");
    assert!(code == 0 && out.contains("\"version\": 1"), "{out}");
    let (code, _, error) = shell.say(&["explain", fleet.as_str()], "");
    assert!(code == 0 && error.contains("the ledger holds nothing"), "{error}");
    let (code, _, error) = shell.say(&["explain", fleet.as_str(), "--table", "no-table"], "");
    assert!(code == 1 && error.contains("control table: no-table at"), "{error}");
}

#[tokio::test]
async fn an_operator_silences_alarms_and_ends_it() {
    let stage = LocalStage::start().await.unwrap_or_else(|stop| panic!("{stop:?}"));
    let shell = Shell { url: stage.endpoint().url() };
    let wish = |matchers: &'static str| {
        ["silence", "--match", matchers, "--for", "2h", "--by", "kim", "--comment", "load test"]
    };
    let (code, _, error) = shell.say(&wish("fleet=~"), "");
    assert!(code == 2 && error.contains("not a valid silence"), "{error}");
    let (code, out, error) = shell.say(&wish(r#"fleet="aira-web",alarm=~".*cpu.*""#), "");
    assert!(code == 0 && out.contains("(2 h), by kim: load test"), "{out}{error}");
    let id = out.split(':').next().unwrap();
    let (code, out, error) = shell.say(&["silences"], "");
    assert!(code == 0 && out.contains(id) && out.contains("holds"), "{out}{error}");
    let (code, out, error) = shell.say(&["unsilence", id], "");
    assert!(code == 0 && out.contains("over now"), "{out}{error}");
    let (code, _, error) = shell.say(&["silences"], "");
    assert!(code == 0 && error.contains("no silence is in force"), "{error}");
    let (code, out, _) = shell.say(&["silences", "--all", "--json"], "");
    assert!(code == 0 && out.contains("\"state\": \"over\""), "{out}");
    let (code, _, error) = shell.say(&["unsilence", id], "");
    assert!(code == 1 && error.contains("already"), "{error}");
    let (code, _, error) = shell.say(&["silences", "--table", "no-table"], "");
    assert!(code == 1 && error.contains("control table: no-table at"), "{error}");
}
