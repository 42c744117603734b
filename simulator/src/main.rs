//! The command line: joins [`simulator`] to the process.

use clap::Parser;
use jiff::Timestamp;
use simulator::cli::{Cli, Command, Route};
use simulator::replay::args::Replay;
use simulator::{
    Failure, Report, calendar, calibrate, check, decide, generate, page, replay, route, scenario,
};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

fn main() -> ExitCode {
    let code = match run(Cli::parse().command) {
        Ok(report) => {
            write(std::io::stdout(), &report.text);
            report.differences.iter().for_each(|line| remark(line));
            report.code()
        }
        Err(failure) => {
            remark(&failure.to_string());
            failure.code()
        }
    };
    ExitCode::from(code)
}

fn run(command: Command) -> Result<Report, Failure> {
    match command {
        Command::Route(Route { alarm, policy, expect, json, at }) => {
            if policy.as_deref() == Some(Path::new("-")) && alarm == Path::new("-") {
                let why = "stdin is one file: --alarm - or --policy -, not both";
                return Err(Failure::Input(why.to_owned()));
            }
            let (event, policy) = (read(&alarm)?, policy.as_deref().map(read).transpose()?);
            let answer = route::answer(&event, policy.as_deref(), at)?;
            let text = if json { answer.json() } else { answer.words() };
            Ok(Report { text, differences: answer.differences(&expect) })
        }
        Command::Decide(ask) => {
            let (input, out) = (std::io::stdin().lock(), std::io::stdout().lock());
            decide::run(input, out, std::io::stderr(), ask.sla)
        }
        Command::Calendar(ask) => {
            let answer = calendar::answer(&read(&ask.policy)?, &ask, now())?;
            let text = if ask.json { answer.json() } else { answer.words() };
            Ok(Report { text, ..Report::default() })
        }
        Command::Calibrate(ask) => {
            let answer = calibrate::answer(&read_bytes(&ask.data)?, &ask)?;
            let text = if ask.json { answer.json() } else { answer.words() };
            Ok(Report { text, ..Report::default() })
        }
        Command::Check(ask) => {
            let answer = check::answer(&read(&ask.policy)?, ask.at.unwrap_or_else(now))?;
            Ok(Report { text: answer.words(), differences: answer.differences(ask.strict) })
        }
        Command::Generate(ask) => {
            save(&ask.out, &generate::answer(&ask)?)?;
            Ok(Report::default())
        }
        Command::Replay(args) => rehearse(&args),
        Command::Scenario(args) => play(&args),
    }
}

fn rehearse(args: &Replay) -> Result<Report, Failure> {
    let given = [args.trace.as_ref(), args.policy.as_ref(), args.faults.as_ref()];
    if given.into_iter().flatten().filter(|file| *file == Path::new("-")).count() > 1 {
        return Err(Failure::Input("stdin is one file: only one of them can be -".to_owned()));
    }
    let files = replay::Files {
        trace: args.trace.as_deref().map_or_else(|| Ok(replay::SHIPPED.to_vec()), read_bytes)?,
        name: args.trace.as_deref().map_or_else(|| "chat".to_owned(), title),
        policy: args.policy.as_deref().map(read).transpose()?,
        faults: args.faults.as_deref().map(read).transpose()?,
    };
    let tells = args.progress || std::io::stderr().is_terminal();
    let answer = replay::answer(args, &files, &mut |who, minute| {
        if tells && minute.is_multiple_of(14 * 1440) {
            remark(&format!("{who}: day {}", minute / 1440));
        }
    })?;
    answer.notes.iter().for_each(|note| remark(note));
    if let Some((file, found)) = args.report.as_deref().zip(answer.found.as_ref()) {
        let drawing = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg"));
        let report = if drawing { page::svg(found) } else { page::html(found) };
        save(file, report.as_bytes())?;
    }
    Ok(answer.report)
}

/// A file's name without its endings.
fn title(file: &Path) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.filter(|name| name != "-").unwrap_or_else(|| "stdin".to_owned());
    name.split('.').next().unwrap_or(&name).to_owned()
}

fn read_bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.map_err(|error| Failure::Input(format!("{}: {error}", file.display())))
}

/// The one clock of the program, for who does not say when.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(0);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn read(file: &Path) -> Result<String, Failure> {
    text_of(file).map_err(|error| Failure::Input(format!("{}: {error}", file.display())))
}

fn text_of(file: &Path) -> std::io::Result<String> {
    if file != Path::new("-") {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map(|_| text)
}

/// Writes a file, or to stdout.
fn save(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if file == Path::new("-") {
        write(std::io::stdout(), bytes);
        return Ok(());
    }
    let failed = |error| Failure::Input(format!("{}: {error}", file.display()));
    std::fs::write(file, bytes).map_err(failed)
}

fn remark(line: &str) {
    write(std::io::stderr(), format!("{line}\n"));
}

/// Writes, and does not mind when nobody reads (`| head`).
fn write(mut out: impl Write, bytes: impl AsRef<[u8]>) {
    let _ = out.write_all(bytes.as_ref()).and_then(|()| out.flush());
}

/// Plays golden scripts, and writes the ledgers that are to be written.
fn play(args: &scenario::Scenario) -> Result<Report, Failure> {
    let answer = scenario::answer(args, &Files)?;
    for (file, text) in answer.writes {
        save(&file, text.as_bytes())?;
    }
    Ok(answer.report)
}

/// The files of this machine.
struct Files;

impl scenario::Disk for Files {
    fn read(&self, file: &Path) -> Result<String, String> {
        text_of(file).map_err(|error| error.to_string())
    }

    fn folder(&self, path: &Path) -> Option<Vec<PathBuf>> {
        let found = std::fs::read_dir(path).ok()?;
        let mut files: Vec<PathBuf> = found.filter_map(|file| Some(file.ok()?.path())).collect();
        files.sort();
        Some(files)
    }
}
