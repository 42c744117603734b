//! The program itself, over the real adapters and the local endpoint: arguments,
//! environment, exit codes.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use tidegate_domain::attach::Attach;
use tidegate_domain::group::{Backstop, ScalingPolicy};
use tidegate_domain::ids::FleetName;
use tidegate_domain::memory::Memory;
use tidegate_domain::ports::{Control, Groups, LeaseToken};
use tidegate_tests::contract::{Arrange, GroupScene};
use tidegate_tests::endpoint::stage::LocalStage;
use tidegate_tests::endpoint::witness::Witness;
use tidegate_tests::endpoint::{KEY, REGION, root};

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

/// The actions of the policy that docs/iam.md gives to whoever runs a command.
fn documented(command: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("docs/iam.md")).unwrap();
    let heading = format!("### `{command}`");
    let section = text.split_once(&heading).unwrap().1;
    let json = section.split_once("```json").unwrap().1.split_once("```").unwrap().0;
    let policy: serde_json::Value = serde_json::from_str(json).unwrap();
    let statements = policy.get("Statement").unwrap().as_array().unwrap().iter();
    let actions = statements.flat_map(|one| one.get("Action").unwrap().as_array().unwrap());
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_doctor_looks_at_a_group_with_the_permissions_that_are_documented() {
    let stage = LocalStage::start().await.unwrap_or_else(|stop| panic!("{stop:?}"));
    let fleet = stage.group(&GroupScene::sized(2, 4, 9)).await.unwrap_or_else(|s| panic!("{s:?}"));
    let theirs = ScalingPolicy { name: "cpu-70".to_owned(), can_scale_in: true };
    stage.attach_policy(&fleet, &theirs).await.unwrap_or_else(|s| panic!("{s:?}"));
    stage.hook(&fleet).await.unwrap_or_else(|s| panic!("{s:?}"));
    let witness = Witness::to(stage.endpoint().url()).unwrap();
    let shell = Shell { url: witness.url() };
    let name = fleet.as_str();

    let (code, out, error) = shell.say(&["doctor", name], "");
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    for line in ["MinSize 2, desired 4, MaxSize 9; 4 serving", "floor (raise-only)", "warm-caches"]
    {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert!(out.contains("unknown: none is stored"), "{out}");
    let vetoed = format!("{}lower = {{ veto_alarms = [\"shop-5xx\"] }}\n", policy(&fleet, 3));
    let (code, out, _) = shell.say(&["doctor", name, "--policy", "-"], &vetoed);
    assert!(code == 1 && out.contains("STOP      the load"), "nothing publishes it: {out}");
    assert_eq!(witness.actions(), documented("doctor"));

    let (code, out, _) = shell.say(&["doctor", name, "--json"], "");
    assert!(code == 0 && out.contains("\"mode\": \"floor\""), "{out}");
    let (code, _, error) = shell.say(&["doctor", "ghost"], "");
    assert!(code == 2 && error.contains("there is no Auto Scaling group ghost at http"), "{error}");
    let (code, _, error) = shell.say(&["doctor", name, "--region", "eu-central-1"], "");
    assert!(code == 2 && error.contains("eu-central-1"), "{error}");
    let (code, _, error) = shell.say(&["doctor", name, "--policy", "-"], "version = 9");
    assert!(code == 2 && error.contains("version"), "{error}");
}

#[tokio::test]
async fn uninstall_leaves_a_group_as_it_was_with_the_permissions_that_are_documented() {
    let stage = LocalStage::start().await.unwrap_or_else(|stop| panic!("{stop:?}"));
    let scene = GroupScene::sized(6, 6, 9).tag("tidegate:floor", "3").tag("team", "aira");
    let fleet = stage.group(&scene).await.unwrap_or_else(|stop| panic!("{stop:?}"));
    let (world, token) = (stage.world(), LeaseToken("t".to_owned()));
    let memory = Memory { applied_min: Some(6), ..Memory::default() };
    world.store(&fleet, 0, &memory, &token).await.unwrap();
    let backstop = Backstop { min: 6, recurrence: "0 8 * * *".into(), time_zone: "UTC".into() };
    world.put_backstop(&fleet, &backstop).await.unwrap();
    let witness = Witness::to(stage.endpoint().url()).unwrap();
    let shell = Shell { url: witness.url() };
    let all = ["uninstall", fleet.as_str(), "--remove-backstop", "--min", "4"];

    let (code, out, _) = shell.say(&all, "");
    assert!(code == 0 && out.contains("nothing was changed"), "{out}");
    let yes = |functions| [&all[..], &["--yes", "--functions", functions]].concat();
    let (code, _, error) = shell.say(&yes("running"), "");
    assert!(code == 1 && error.contains("the schedules are enabled"), "{error}");
    let (code, out, error) = shell.say(&yes("stopped"), "");
    assert!(code == 0 && out.ends_with("done\n"), "{out}{error}");
    assert_eq!(witness.actions(), documented("uninstall"));

    let group = world.describe(&fleet).await.unwrap().unwrap();
    assert_eq!((group.sizes.min, group.sizes.desired, group.tags.len()), (4, 6, 1));
    assert_eq!(world.schedules(&fleet).await.unwrap(), []);
    let (code, out, _) = shell.say(&yes("gone"), "");
    assert!(code == 0 && out.contains("nothing is left to do"), "{out}");
    let (code, _, error) = shell.say(&yes("perhaps"), "");
    assert!(code == 2 && error.contains("running, stopped, gone"), "{error}");
}
