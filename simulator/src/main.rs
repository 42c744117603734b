//! The command line: joins [`simulator`] to the process.

use clap::Parser;
use simulator::cli::{Cli, Command, Route};
use simulator::{Failure, Report, route};
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

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
    }
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

fn remark(line: &str) {
    write(std::io::stderr(), &format!("{line}\n"));
}

/// Writes, and does not mind when nobody reads (`| head`).
fn write(mut out: impl Write, text: &str) {
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
