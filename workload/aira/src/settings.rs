//! What Aira is told by its environment: typed, read once, all faults at once, and no value of a
//! secret in any of them.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

/// Every variable that is read here or for a secret; workload/README.md explains each (a test
/// compares). The session table's own ones are those of `tidegate-sessions`.
pub const VARIABLES: &[&str] = &[
    "AIRA_LISTEN",
    "AIRA_STORE",
    "AIRA_KEY",
    "AIRA_KEY_FILE",
    "AIRA_KEY_SECRET_ARN",
    "AIRA_CONCURRENCY",
    "AIRA_CONNECTIONS",
    "AIRA_ANSWER_SECONDS",
    "AIRA_FIRST_TOKEN_SECONDS",
    "AIRA_NOTICE_SECONDS",
    "AIRA_DRAIN_SECONDS",
    "AIRA_SESSION_SECONDS",
    "AIRA_IDLE_SECONDS",
    "AIRA_WEB_ORIGIN",
    "AIRA_INSECURE_COOKIE",
    "AIRA_MODEL_SEED",
    "AIRA_MODEL_FIRST_MS",
    "AIRA_MODEL_TOKEN_MS",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "OPENAI_API_KEY",
    "OPENAI_API_KEY_FILE",
    "OPENAI_API_KEY_SECRET_ARN",
];

/// Everything that is wrong with the environment, one sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is wrong: {}", .0.join("; "))]
pub struct Faults(pub Vec<String>);

/// Where sessions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// In this process: they end with it, and no other instance knows them.
    Memory,
    /// In the session table, and so in every region.
    Table,
}

/// Where a secret is. The text itself is never part of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In this variable.
    Variable(&'static str),
    /// In this file, such as systemd's LoadCredential gives.
    File(String),
    /// In Secrets Manager.
    Arn(String),
}

/// How much at once, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Answers that may run at once.
    pub concurrency: u32,
    /// Connections that may be open at once.
    pub connections: u32,
    /// Longest answer, from the request to its last token.
    pub answer: Duration,
    /// Longest wait for the first token, and between two of them.
    pub first_token: Duration,
    /// After the call to end, the balancer has so long to notice before nothing is accepted any more.
    pub notice: Duration,
    /// After the notice, running answers have so long to finish.
    pub drain: Duration,
}

/// The built-in model's timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// With the same seed the same question has the same answer at the same pace.
    pub seed: u64,
    /// Median wait for the first token.
    pub first: Duration,
    /// Median wait for each other one.
    pub token: Duration,
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelKind {
    /// The built-in stand-in.
    Embedded(Timing),
    /// An OpenAI-compatible endpoint.
    OpenAi {
        /// Its address up to the version, such as `https://api.openai.com/v1`.
        base: String,
        /// The model that is asked for.
        model: String,
        /// The key; none: the endpoint asks for none.
        key: Option<SecretPlace>,
    },
}

/// Everything that Aira is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where sessions are kept.
    pub store: StoreKind,
    /// The key that tickets are signed and tokens are hashed with.
    pub key: SecretPlace,
    /// Limits.
    pub limits: Limits,
    /// A session's longest life.
    pub session: Duration,
    /// A session runs out so long after it was used.
    pub idle: Duration,
    /// The origin of a page that is deployed apart, and may call us with cookies.
    pub web_origin: Option<String>,
    /// Whether the cookie is also sent without TLS: on this machine only.
    pub insecure_cookie: bool,
    /// Who answers.
    pub model: ModelKind,
}

impl Settings {
    /// Reads the variables from `get`.
    ///
    /// # Errors
    /// [`Faults`], all of them.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader { get: &get, faults: Vec::new() };
        let listen = reader.or("AIRA_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080)));
        let store = match reader.text("AIRA_STORE").as_deref() {
            Some("memory") => StoreKind::Memory,
            None | Some("table") => StoreKind::Table,
            Some(_) => reader.fault(StoreKind::Table, "AIRA_STORE must be table or memory"),
        };
        let key = reader.secret(["AIRA_KEY", "AIRA_KEY_FILE", "AIRA_KEY_SECRET_ARN"]);
        let key = match key {
            Some(key) => key,
            None => reader.fault(SecretPlace::Variable("AIRA_KEY"), "AIRA_KEY is missing"),
        };
        let limits = reader.limits();
        let settings = Self {
            listen,
            store,
            key,
            limits,
            session: reader.seconds("AIRA_SESSION_SECONDS", 12 * 3600, 60),
            idle: reader.seconds("AIRA_IDLE_SECONDS", 1800, 10),
            web_origin: reader.origin(),
            insecure_cookie: reader.flag("AIRA_INSECURE_COOKIE"),
            model: reader.model(),
        };
        if settings.insecure_cookie && !listen.ip().is_loopback() {
            reader.faults.push("AIRA_INSECURE_COOKIE needs a loopback AIRA_LISTEN".to_owned());
        }
        if reader.faults.is_empty() { Ok(settings) } else { Err(Faults(reader.faults)) }
    }
}

/// Reads variables and gathers what is wrong with them.
struct Reader<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl Reader<'_> {
    /// A variable's text; an empty one counts as missing.
    fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn fault<T>(&mut self, instead: T, what: &str) -> T {
        self.faults.push(what.to_owned());
        instead
    }

    fn or<T: FromStr>(&mut self, name: &str, default: T) -> T {
        let Some(text) = self.text(name) else { return default };
        match text.parse() {
            Ok(value) => value,
            Err(_) => self.fault(default, &format!("{name} cannot be read: {text:?}")),
        }
    }

    fn number(&mut self, name: &str, default: u32, least: u32) -> u32 {
        let value = self.or(name, default);
        if value >= least {
            return value;
        }
        self.fault(default, &format!("{name} must be {least} or more"))
    }

    fn seconds(&mut self, name: &str, default: u32, least: u32) -> Duration {
        Duration::from_secs(self.number(name, default, least).into())
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.text(name).as_deref() {
            None | Some("0") => false,
            Some("1") => true,
            Some(_) => self.fault(false, &format!("{name} must be 0 or 1")),
        }
    }

    fn limits(&mut self) -> Limits {
        let limits = Limits {
            concurrency: self.number("AIRA_CONCURRENCY", 64, 1),
            connections: self.number("AIRA_CONNECTIONS", 1024, 1),
            answer: self.seconds("AIRA_ANSWER_SECONDS", 90, 1),
            first_token: self.seconds("AIRA_FIRST_TOKEN_SECONDS", 30, 1),
            notice: self.seconds("AIRA_NOTICE_SECONDS", 0, 0),
            drain: self.seconds("AIRA_DRAIN_SECONDS", 100, 0),
        };
        if limits.connections < limits.concurrency {
            self.faults.push("AIRA_CONNECTIONS must not be below AIRA_CONCURRENCY".to_owned());
        }
        limits
    }

    /// One of a variable, a file, an ARN: the first that is given.
    fn secret(&self, [plain, file, arn]: [&'static str; 3]) -> Option<SecretPlace> {
        let variable = self.text(plain).map(|_| SecretPlace::Variable(plain));
        let file = || self.text(file).map(SecretPlace::File);
        variable.or_else(file).or_else(|| self.text(arn).map(SecretPlace::Arn))
    }

    fn origin(&mut self) -> Option<String> {
        let origin = self.text("AIRA_WEB_ORIGIN")?;
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        if host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' '])) {
            return Some(origin);
        }
        self.fault(None, "AIRA_WEB_ORIGIN must be an origin, such as https://chat.example.com")
    }

    fn model(&mut self) -> ModelKind {
        let Some(base) = self.text("OPENAI_BASE_URL") else {
            return ModelKind::Embedded(Timing {
                seed: self.or("AIRA_MODEL_SEED", 1),
                first: Duration::from_millis(self.or("AIRA_MODEL_FIRST_MS", 350)),
                token: Duration::from_millis(self.or("AIRA_MODEL_TOKEN_MS", 30)),
            });
        };
        if !(base.starts_with("https://") || base.starts_with("http://")) {
            self.faults.push("OPENAI_BASE_URL must be an http(s) URL".to_owned());
        }
        let model = self.text("OPENAI_MODEL").unwrap_or_default();
        if model.is_empty() {
            self.faults.push("OPENAI_MODEL is missing".to_owned());
        }
        let names = ["OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_API_KEY_SECRET_ARN"];
        ModelKind::OpenAi {
            base: base.trim_end_matches('/').to_owned(),
            model,
            key: self.secret(names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn read(env: &[(&str, &str)]) -> Result<Settings, Faults> {
        let env: BTreeMap<_, _> = env.iter().copied().collect();
        Settings::read(|name| env.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn a_key_is_enough_for_a_start() {
        let settings = read(&[("AIRA_KEY", "0123456789abcdef")]).unwrap();
        assert_eq!(settings.store, StoreKind::Table);
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert!(matches!(settings.model, ModelKind::Embedded(Timing { seed: 1, .. })));
        assert!(!format!("{settings:?}").contains("0123456789abcdef"), "no secret is shown");
    }

    #[test]
    fn every_fault_is_told_by_its_variable() {
        for (name, value) in [
            ("AIRA_LISTEN", "everywhere"),
            ("AIRA_STORE", "redis"),
            ("AIRA_KEY", ""),
            ("AIRA_CONCURRENCY", "0"),
            ("AIRA_CONNECTIONS", "1"),
            ("AIRA_ANSWER_SECONDS", "-1"),
            ("AIRA_WEB_ORIGIN", "https://*"),
            ("AIRA_INSECURE_COOKIE", "yes"),
            ("AIRA_MODEL_SEED", "x"),
            ("OPENAI_BASE_URL", "ftp://x"),
        ] {
            let mut env = vec![("AIRA_KEY", "k"), ("OPENAI_MODEL", "m")];
            env.retain(|(known, _)| *known != name);
            env.push((name, value));
            let faults = read(&env).unwrap_err().0;
            assert!(faults.len() == 1 && faults[0].starts_with(name), "{name}: {faults:?}");
        }
        assert_eq!(read(&[("OPENAI_BASE_URL", "x"), ("AIRA_STORE", "x")]).unwrap_err().0.len(), 4);
    }

    #[test]
    fn a_cookie_without_tls_stays_on_this_machine() {
        let env = [("AIRA_KEY", "k"), ("AIRA_INSECURE_COOKIE", "1"), ("AIRA_LISTEN", "0.0.0.0:80")];
        assert!(read(&env).unwrap_err().0[0].contains("loopback"));
        assert!(read(&env[..2]).unwrap().insecure_cookie);
    }

    #[test]
    fn the_readme_explains_every_variable() {
        let readme = include_str!("../../README.md");
        for name in VARIABLES {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
    }
}
