//! The program: `aira` serves, `aira code NAME [DAYS]` writes an access code.

use aira::app::{App, secret};
#[cfg(feature = "aws")]
use aira::instance::Instance;
use aira::log::{Level, line};
use aira::settings::Settings;
use aira::{server, ticket};
use serde_json::json;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::signal::unix::{SignalKind, signal};

/// Between two looks at what the group intends.
#[cfg(feature = "aws")]
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [] => serve().await,
        ["code", name] => code(name, "30").await,
        ["code", name, days] => code(name, days).await,
        _ => Err("usage: aira | aira code NAME [DAYS]".into()),
    };
    done.unwrap_or_else(|why| {
        line(Level::Error, "aira cannot go on", json!({ "why": why.to_string() }));
        ExitCode::FAILURE
    })
}

async fn serve() -> Result<ExitCode, Box<dyn Error>> {
    let settings = settings()?;
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener = tokio::net::TcpListener::bind(settings.listen).await?;
    let said = json!({
        "address": listener.local_addr()?.to_string(),
        "store": format!("{:?}", settings.store), "concurrency": settings.limits.concurrency,
    });
    let app = Arc::new(App::new(settings).await?);
    line(Level::Info, "serving", said);
    #[cfg(feature = "aws")]
    if aira::table::is_on_an_instance(&app.settings) {
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.watch_group(Instance::default(), LOOK_EVERY).await });
    }
    let leave = async move {
        tokio::select! { _ = term.recv() => (), _ = int.recv() => () }
    };
    let left = server::serve(app, listener, leave).await;
    Ok(if left.cut == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Needs the key alone, and writes nothing but the code.
async fn code(name: &str, days: &str) -> Result<ExitCode, Box<dyn Error>> {
    let key = ticket::Key::new(secret(&settings()?.key).await?.as_bytes())?;
    println!("{}", key.code(name, days.parse()?, SystemTime::now())?);
    Ok(ExitCode::SUCCESS)
}

fn settings() -> Result<Settings, aira::settings::Faults> {
    Settings::read(|name| std::env::var(name).ok())
}
