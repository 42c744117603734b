//! A real server: Redis 7 or newer, or Valkey.

use crate::admin::{Admin, Reply};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The shell that holds a server: it kills it when its own input ends, which is when the proof
/// closes it or has died itself.
const HOLDER: &str =
    r#""$0" "$@" >/dev/null 2>&1 & server=$!; cat >/dev/null; kill -9 $server; wait"#;

/// How a server is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One server with all keys.
    Alone,
    /// A cluster of one node that has all slots: it refuses scripts whose keys are in several.
    Cluster,
}

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    holder: Option<Child>,
    mode: Mode,
    port: u16,
    dir: PathBuf,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1 and waits until it answers. Nothing is stored.
    pub fn start(mode: Mode) -> Self {
        // Somebody else may take a port between our look and the server's.
        (0..5).find_map(|_| Self::try_start(mode)).expect("a server starts within five tries")
    }

    fn try_start(mode: Mode) -> Option<Self> {
        let port = free_port();
        let dir =
            std::env::temp_dir().join(format!("tidegate-cache-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder for the server");
        let mut server = Self { holder: None, mode, port, dir };
        server.try_run().then_some(server)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it is, as the cache's settings say it.
    pub fn url(&self) -> String {
        let option = if self.mode == Mode::Cluster { "?cluster=true" } else { "" };
        format!("redis://127.0.0.1:{}{option}", self.port)
    }

    /// A connection of the proof's own.
    pub fn admin(&self) -> Admin {
        Admin::connect(self.port).expect("the server takes connections")
    }

    /// Kills it: what it had is gone.
    pub fn kill(&mut self) {
        if let Some(mut holder) = self.holder.take() {
            // The end of its input.
            drop(holder.stdin.take());
            let _ = holder.wait();
        }
    }

    /// Starts it again on the same port, empty.
    pub fn restart(&mut self) {
        assert!(self.holder.is_none(), "it runs");
        assert!(self.try_run(), "the server starts again on its port");
    }

    fn try_run(&mut self) -> bool {
        let port = self.port.to_string();
        let dir = self.dir.to_string_lossy().into_owned();
        let mut words = vec!["--port", &port, "--bind", "127.0.0.1", "--dir", &dir, "--save", ""];
        words.extend(["--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"]);
        let bus = free_port().to_string();
        if self.mode == Mode::Cluster {
            words.extend(["--cluster-enabled", "yes", "--cluster-port", &bus]);
            words.extend(["--cluster-announce-ip", "127.0.0.1"]);
        }
        let mut command = Command::new("sh");
        command.arg("-c").arg(HOLDER).arg(program()).args(words).stdin(Stdio::piped());
        self.holder = Some(command.spawn().expect("sh"));
        let answers = self.wait_until_it_answers();
        if !answers {
            self.kill();
        }
        answers
    }

    fn wait_until_it_answers(&self) -> bool {
        let began = Instant::now();
        let mut slots = self.mode == Mode::Alone;
        while began.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
            let Ok(mut admin) = Admin::connect(self.port) else { continue };
            let Ok(Reply::Text(_)) = admin.try_say(&["PING"]) else { continue };
            if !slots {
                let given = admin.say(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
                assert_eq!(given, Reply::Text("OK".to_owned()), "slots");
                slots = true;
            }
            if self.mode == Mode::Alone
                || admin.say(&["CLUSTER", "INFO"]).text().contains("state:ok")
            {
                return true;
            }
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The server's program: `TIDEGATE_REDIS_SERVER`, else one on the PATH, else the one in `.tools`.
fn program() -> PathBuf {
    if let Some(given) = std::env::var_os("TIDEGATE_REDIS_SERVER").filter(|given| !given.is_empty())
    {
        let given = PathBuf::from(given);
        assert!(is_new_enough(&given), "TIDEGATE_REDIS_SERVER is no Redis 7 or newer, no Valkey");
        return given;
    }
    let names = ["redis-server", "valkey-server"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin");
    let folders: Vec<_> = std::env::split_paths(&path).chain([tools]).collect();
    let places = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.filter(|place| place.is_file()).find(|place| is_new_enough(place)).unwrap_or_else(|| {
        panic!(
            "no Redis 7 or newer and no Valkey here: run `make setup`, which brings one into \
             .tools, or name one in TIDEGATE_REDIS_SERVER"
        )
    })
}

/// By what it says of itself: `Redis server v=7.0.15 ...`, `Valkey server v=9.1.2 ...`.
fn is_new_enough(program: &Path) -> bool {
    let Ok(said) = Command::new(program).arg("--version").output() else { return false };
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let version = said.split_once(" v=").and_then(|(_, rest)| rest.split('.').next());
    version.and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 7)
}
