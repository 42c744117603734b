//! The local AWS endpoint for tests: a process of its own on a free port of the loopback
//! address, gone when the handle is dropped, and at the latest with the test process.
//!
//! What must stay true: where the endpoint is not installed a test fails and says what
//! installs it; nothing is skipped.

mod clients;
pub mod loss;
pub mod sessions;
pub mod stage;
mod topics;
pub mod witness;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The region that the endpoint takes requests for.
pub const REGION: &str = "ap-northeast-2";
/// The endpoint's account.
pub const ACCOUNT: &str = "000000000000";
/// The endpoint's administrator.
pub const KEY: &str = "test";

static STARTED: AtomicU32 = AtomicU32::new(0);

/// A running endpoint.
#[derive(Debug)]
pub struct Endpoint {
    url: String,
    run: PathBuf,
}

impl Endpoint {
    /// Starts an endpoint with nothing in it.
    ///
    /// # Errors
    /// A sentence when it is not installed or does not start.
    pub fn start() -> Result<Self, String> {
        if !root().join(".tools/endpoint/bin/python").exists() {
            return Err("the local endpoint is not installed: run `make setup`".to_owned());
        }
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("tidegate-endpoint-{}-{number}", std::process::id());
        let run = std::env::temp_dir().join(name);
        let endpoint = Self { url: String::new(), run };
        let owner = std::process::id().to_string();
        let output = endpoint.tool("start").args(["--for", &owner]).output();
        let output = output.map_err(|error| format!("tools/endpoint: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let url = endpoint.url_of_state()?;
        // Dropping the half-built handle would stop what was just started.
        let run = endpoint.run.clone();
        std::mem::forget(endpoint);
        Ok(Self { url, run })
    }

    /// Where it listens, such as `http://127.0.0.1:34567`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn tool(&self, command: &str) -> Command {
        let mut tool = Command::new("python3");
        tool.arg(root().join("tools/endpoint")).arg(command).arg("--run").arg(&self.run);
        tool
    }

    fn url_of_state(&self) -> Result<String, String> {
        let file = self.run.join("endpoint.json");
        let text =
            std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let state: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        let url = state.get("url").and_then(serde_json::Value::as_str);
        url.map(str::to_owned).ok_or_else(|| format!("no url in {text}"))
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // Only the process that `start` remembered in this folder is ended.
        let _ = self.tool("stop").output();
        let _ = std::fs::remove_dir_all(&self.run);
    }
}

/// The repository's root.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
