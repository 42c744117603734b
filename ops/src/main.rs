//! The operator's command line: joins [`tidegate_ops`] to the process.

use clap::Parser;
use jiff::Timestamp;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;
use tidegate_adapters::Aws;
use tidegate_adapters::config::{REGION, SEED_POLICY};
use tidegate_domain::ids::FleetName;
use tidegate_domain::policy::Policy;
use tidegate_domain::ports::Clock;
use tidegate_ops::cli::{Cli, Command, Table};
use tidegate_ops::connect::{Target, connect};
use tidegate_ops::silence::{self, Wish};
use tidegate_ops::uninstall::{self, Ask};
use tidegate_ops::{Failure, Report, View, doctor, explain, policy, status};

/// An operator may think for this long before every call is refused.
const PATIENCE_MS: i64 = 3_600_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let code = match run(Cli::parse().command).await {
        Ok(report) => {
            write(std::io::stdout(), &report.text);
            report.notes.iter().chain(&report.troubles).for_each(|line| remark(line));
            report.code()
        }
        Err(failure) => {
            remark(&failure.to_string());
            failure.code()
        }
    };
    ExitCode::from(code)
}

async fn run(command: Command) -> Result<Report, Failure> {
    match command {
        Command::Status { fleets, json, at, table } => {
            let fleets: Vec<FleetName> =
                fleets.iter().map(|name| fleet(name)).collect::<Result<_, _>>()?;
            let (seed, target) = (seed_policy()?, open(&table).await?);
            let question = status::Question {
                fleets: &fleets,
                seed: seed.as_ref(),
                now: at.at.unwrap_or_else(|| target.aws.now()),
                place: &target.place,
            };
            let status = status::gather(&target.aws, &question).await?;
            Ok(if json { status.json() } else { status.table() })
        }
        Command::Explain { fleet: name, last, json, table } => {
            let (name, seed) = (fleet(&name)?, seed_policy()?);
            let Target { aws, place, .. } = open(&table).await?;
            let told = explain::gather(&aws, &name, last, seed.as_ref(), aws.now()).await;
            let told = told.map_err(|failure| failure.about(&place))?;
            Ok(if json { told.json() } else { told.text() })
        }
        Command::PolicyPut { file, yes, dry_run, table } => put(&file, yes, dry_run, &table).await,
        Command::PolicyCheck { file, at } => {
            let now = at.at.unwrap_or_else(now);
            policy::check(&read(&file)?, now)
        }
        Command::PolicyShow { version, table } => {
            let Target { aws, place, .. } = open(&table).await?;
            policy::show(&aws, version).await.map_err(|failure| failure.about(&place))
        }
        Command::Silence { matchers, length, by, comment, starts, table } => {
            let wish = Wish { matchers: &matchers, starts, length, author: &by, comment: &comment };
            let (target, view) = look(&table).await?;
            let done = silence::put(&target.aws, &wish, &view).await;
            done.map_err(|failure| failure.about(&target.place))
        }
        Command::Silences { all, json, table } => {
            let (target, view) = look(&table).await?;
            let list = silence::list(&target.aws, all, view.now).await;
            let list = list.map_err(|failure| failure.about(&target.place))?;
            Ok(if json { list.json(view.now) } else { list.text(&view) })
        }
        Command::Unsilence { id, table } => {
            let (target, view) = look(&table).await?;
            let done = silence::end(&target.aws, &id, &view).await;
            done.map_err(|failure| failure.about(&target.place))
        }
        Command::Doctor { group, policy, json, region, table } => {
            let sight = examine(&group, policy.as_deref(), region, table).await?;
            Ok(if json { doctor::json(&sight) } else { doctor::page(&sight) })
        }
        Command::Uninstall { group, remove_backstop, min, functions, yes, region, table } => {
            let name = fleet(&group)?;
            let Target { aws, place, region } = open_in(&table.name, region).await?;
            let ask = Ask { backstop: remove_backstop, min, functions, yes };
            let about = |failure: Failure| failure.about(&place);
            let traces = uninstall::look(&aws, &name, &region).await.map_err(about)?;
            uninstall::run(&aws, &traces, &ask).await
        }
        Command::PolicyKeys { check: None } => Ok(Report::of(policy::keys_table())),
        Command::PolicyKeys { check: Some(file) } => policy::check_keys(&read(&file)?),
    }
}

async fn examine(
    group: &str,
    policy: Option<&Path>,
    region: Option<String>,
    table: Option<String>,
) -> Result<doctor::Sight, Failure> {
    let (fleet, seed) = (fleet(group)?, seed_policy()?);
    let policy = policy.map(read).transpose()?.map(|document| Policy::parse(&document)).transpose();
    let policy = policy.map_err(|faults| Failure::Input(format!("the policy: {faults}")))?;
    let target = open_in(table.as_deref().unwrap_or_default(), region).await?;
    let question = doctor::Question {
        fleet: &fleet,
        policy: policy.as_ref(),
        seed: seed.as_ref(),
        has_table: table.is_some(),
        now: target.aws.now(),
        place: &target.region,
    };
    doctor::look(&target.aws, &question).await
}

async fn put(file: &Path, yes: bool, dry_run: bool, table: &Table) -> Result<Report, Failure> {
    let document = read(file)?;
    let Target { aws, place, .. } = open(table).await?;
    let about = |failure: Failure| failure.about(&place);
    let seed = env(SEED_POLICY);
    let draft = policy::prepare(&aws, &document, seed.as_deref()).await.map_err(about)?;
    write(std::io::stdout(), &draft.changes);
    let version = draft.version;
    if dry_run {
        return Ok(Report::of(format!("would be version {version}; nothing was stored\n")));
    }
    if !yes && !confirmed(&format!("store as version {version} in {place}?"))? {
        return Err(Failure::Undone("nothing was stored".to_owned()));
    }
    policy::store(&aws, &draft).await.map_err(about)
}

/// A handle, and its time in the zone that people are told.
async fn look(table: &Table) -> Result<(Target, View), Failure> {
    let (seed, target) = (seed_policy()?, open(table).await?);
    let zone = silence::zone(&target.aws, seed.as_ref()).await;
    let view = View::new(zone, target.aws.now());
    Ok((target, view))
}

/// A handle whose time is the story's in a build for one, and else the real one.
async fn open(table: &Table) -> Result<Target, Failure> {
    open_in(&table.name, None).await
}

/// The same, in a region that may be another one than the environment's.
async fn open_in(table: &str, region: Option<String>) -> Result<Target, Failure> {
    let given = |name: &str| if name == REGION { region.clone() } else { None };
    let target = connect(table, |name| given(name).or_else(|| env(name)))?;
    let deadline = target.aws.wall().as_millisecond().saturating_add(PATIENCE_MS);
    let aws = target.aws.for_invocation(u64::try_from(deadline).unwrap_or(u64::MAX)).await;
    let aws: Aws = aws.map_err(|error| Failure::Undone(error.to_string()))?;
    Ok(Target { aws, ..target })
}

/// The real time, to the second.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let second = i64::try_from(since.as_secs()).unwrap_or_default();
    Timestamp::from_second(second).unwrap_or_default()
}

fn fleet(name: &str) -> Result<FleetName, Failure> {
    FleetName::new(name).map_err(|error| Failure::Input(error.to_string()))
}

fn seed_policy() -> Result<Option<Policy>, Failure> {
    let parsed = env(SEED_POLICY).map(|document| Policy::parse(&document)).transpose();
    parsed.map_err(|faults| Failure::Input(format!("{SEED_POLICY}: {faults}")))
}

/// The one place that reads the environment; an empty variable counts as missing.
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn read(file: &Path) -> Result<String, Failure> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| Failure::Input(format!("{}: {error}", file.display())))
}

fn confirmed(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        let words = "nobody is there to confirm it; --yes stores without asking";
        return Err(Failure::Undone(words.to_owned()));
    }
    write(std::io::stderr(), &format!("{question} [y/N] "));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn remark(line: &str) {
    write(std::io::stderr(), &format!("{line}\n"));
}

/// Writes, and does not mind when nobody reads (`| head`).
fn write(mut out: impl Write, text: &str) {
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
