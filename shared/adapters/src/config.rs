//! What a function is told by its environment: typed, read once, all faults at
//! once. Nothing else in Tidegate reads the environment.
//!
//! What must stay true: there are no defaults that scale; a missing or wrong
//! variable ends the start with its name.

mod router;
mod sessions;

pub use router::{MoreTopics, RouterSettings};
pub use sessions::SessionSettings;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use std::fmt;
use tidegate_domain::policy::Policy;

/// Every variable that a function reads, Lambda's own ones last. A test compares the
/// first six with the template.
pub const VARIABLES: &[&str] = &[
    CONTROL_TABLE,
    WARNING_TOPIC,
    CRITICAL_TOPIC,
    SEED_POLICY,
    ACCOUNT,
    LEDGER_DAYS,
    ESCALATION_TOPIC,
    CHAT_TOPIC,
    MORE_TOPICS,
    SESSION_TABLE,
    CACHE_URL,
    CACHE_SECRET,
    REGION,
    ENDPOINT_URL,
    ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    SESSION_TOKEN,
];

/// Name of the control table (DynamoDB).
pub const CONTROL_TABLE: &str = "TIDEGATE_CONTROL_TABLE";
/// ARN of the topic for warnings (SNS).
pub const WARNING_TOPIC: &str = "TIDEGATE_WARNING_TOPIC";
/// ARN of the topic for critical notices (SNS).
pub const CRITICAL_TOPIC: &str = "TIDEGATE_CRITICAL_TOPIC";
/// The policy document (TOML) that holds until one is stored in the control table.
pub const SEED_POLICY: &str = "TIDEGATE_SEED_POLICY";
/// Id of the account whose events are accepted: 12 digits.
pub const ACCOUNT: &str = "TIDEGATE_ACCOUNT";
/// Days for which ledger entries are kept, 1 to 3650.
pub const LEDGER_DAYS: &str = "TIDEGATE_LEDGER_DAYS";
/// ARN of the topic for escalations (SNS). Optional; only alarm-router reads it.
pub const ESCALATION_TOPIC: &str = "TIDEGATE_ESCALATION_TOPIC";
/// ARN of the topic for chat applications (SNS). Optional; only alarm-router reads it.
pub const CHAT_TOPIC: &str = "TIDEGATE_CHAT_TOPIC";
/// The operator's own topics: `name=arn,name=arn`. Optional; only alarm-router reads it.
pub const MORE_TOPICS: &str = "TIDEGATE_MORE_TOPICS";
/// Name of the session table (DynamoDB). Only session-sync reads it.
pub const SESSION_TABLE: &str = "TIDEGATE_SESSION_TABLE";
/// Address of the region's cache: `redis://host:port` or `rediss://host:port`. Only session-sync
/// reads it.
pub const CACHE_URL: &str = "TIDEGATE_CACHE_URL";
/// ARN of the secret with the cache's password (Secrets Manager). Optional; only session-sync
/// reads it.
pub const CACHE_SECRET: &str = "TIDEGATE_CACHE_SECRET_ARN";
/// The region; Lambda sets it.
pub const REGION: &str = "AWS_REGION";
/// Another endpoint than AWS's own, for a local endpoint. Optional.
pub const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
/// Lambda sets it.
pub const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// Lambda sets it.
pub const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
/// Lambda sets it. Optional.
pub const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";

/// Longest retention of the ledger: ten years.
const MOST_LEDGER_DAYS: u32 = 3650;

/// Everything that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is wrong: {}", .faults.join("; "))]
pub struct BadSettings {
    /// One sentence for each fault; each begins with the variable's name.
    pub faults: Vec<String>,
}

/// The two topics for notices, as ARNs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// For warnings.
    pub warning: String,
    /// For critical notices.
    pub critical: String,
}

/// Where and as whom AWS is called.
#[derive(Clone)]
pub struct Connection {
    region: String,
    endpoint_url: Option<String>,
    credentials: SharedCredentialsProvider,
    has_constant_credentials: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("region", &self.region)
            .field("endpoint_url", &self.endpoint_url)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Reads region, endpoint and credentials from the process's environment.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault.
    pub fn from_env() -> Result<Self, BadSettings> {
        Self::read(from_process)
    }

    /// Reads region, endpoint and credentials from `get`.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let mut reader = Reader::new(&get);
        let connection = reader.connection();
        reader.finish(connection)
    }

    /// A connection for a program outside of Lambda, whose credentials are renewed while it runs:
    /// `credentials` is asked for new ones before they run out.
    ///
    /// # Errors
    /// [`BadSettings`]: the region or the endpoint is none.
    pub fn with_credentials(
        region: &str,
        endpoint_url: Option<&str>,
        credentials: impl ProvideCredentials + 'static,
    ) -> Result<Self, BadSettings> {
        let get = |name: &str| match name {
            REGION => Some(region.to_owned()),
            ENDPOINT_URL => endpoint_url.map(str::to_owned),
            _ => Some("given".to_owned()),
        };
        let connection = Self::read(get)?;
        let credentials = SharedCredentialsProvider::new(credentials);
        Ok(Self { credentials, has_constant_credentials: false, ..connection })
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The endpoint, when it is not AWS's own.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.endpoint_url.as_deref()
    }

    /// Whether every call stays on this machine.
    pub fn is_loopback(&self) -> bool {
        self.endpoint_url.as_deref().is_some_and(is_loopback)
    }

    pub(crate) fn credentials(&self) -> &SharedCredentialsProvider {
        &self.credentials
    }

    pub(crate) fn has_constant_credentials(&self) -> bool {
        self.has_constant_credentials
    }
}

/// Everything that a function is told by its environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where and as whom AWS is called.
    pub connection: Connection,
    /// Name of the control table.
    pub control_table: String,
    /// Topics for notices.
    pub topics: Topics,
    /// The policy that holds until one is stored.
    pub seed_policy: Policy,
    /// Id of the account whose events are accepted.
    pub account: String,
    /// Days for which ledger entries are kept.
    pub ledger_days: u32,
}

impl Settings {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault.
    pub fn from_env() -> Result<Self, BadSettings> {
        Self::read(from_process)
    }

    /// Reads variables from `get`.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let mut reader = Reader::new(&get);
        let connection = reader.connection();
        let control_table = reader.checked(CONTROL_TABLE, table_name);
        let warning = reader.checked(WARNING_TOPIC, topic_arn);
        let critical = reader.checked(CRITICAL_TOPIC, topic_arn);
        let seed_policy = reader.checked(SEED_POLICY, policy);
        let account = reader.checked(ACCOUNT, account_id);
        let ledger_days = reader.checked(LEDGER_DAYS, ledger_days);
        let settings = (|| {
            Some(Self {
                connection: connection?,
                control_table: control_table?,
                topics: Topics { warning: warning?, critical: critical? },
                seed_policy: seed_policy?,
                account: account?,
                ledger_days: ledger_days?,
            })
        })();
        reader.finish(settings)
    }
}

/// The one place that reads the environment.
fn from_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads variables and gathers what is wrong with them.
struct Reader<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { get, faults: Vec::new() }
    }

    /// A variable's value; an empty one counts as missing.
    fn optional(&self, name: &str) -> Option<String> {
        (self.get)(name).filter(|value| !value.trim().is_empty())
    }

    fn required(&mut self, name: &str) -> Option<String> {
        let value = self.optional(name);
        if value.is_none() {
            self.faults.push(format!("{name} is missing"));
        }
        value
    }

    /// A variable's checked value; none also when it is missing, which is no fault.
    fn checked_if_set<T>(&mut self, name: &str, check: fn(&str) -> Result<T, String>) -> Option<T> {
        let value = self.optional(name)?;
        check(&value).map_err(|why| self.faults.push(format!("{name} {why}"))).ok()
    }

    fn checked<T>(&mut self, name: &str, check: fn(&str) -> Result<T, String>) -> Option<T> {
        let value = self.required(name)?;
        check(&value).map_err(|why| self.faults.push(format!("{name} {why}"))).ok()
    }

    fn connection(&mut self) -> Option<Connection> {
        let region = self.checked(REGION, region_name);
        let endpoint_url = self.optional(ENDPOINT_URL);
        if let Some(Err(why)) = endpoint_url.as_deref().map(endpoint) {
            self.faults.push(format!("{ENDPOINT_URL} {why}"));
        }
        if cfg!(feature = "story") && !endpoint_url.as_deref().is_some_and(is_loopback) {
            self.faults.push(format!(
                "{ENDPOINT_URL} must be a loopback address: this build follows a story's clock"
            ));
        }
        let key = self.required(ACCESS_KEY_ID);
        let secret = self.required(SECRET_ACCESS_KEY);
        let token = self.optional(SESSION_TOKEN);
        let credentials = Credentials::new(key?, secret?, token, None, "environment");
        let credentials = SharedCredentialsProvider::new(credentials);
        Some(Connection {
            region: region?,
            endpoint_url,
            credentials,
            has_constant_credentials: true,
        })
    }

    fn finish<T>(self, value: Option<T>) -> Result<T, BadSettings> {
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(BadSettings { faults: self.faults }),
        }
    }
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
fn table_name(text: &str) -> Result<String, String> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if plain && (3..=255).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(format!("is not the name of a table: {}", shown(text)))
    }
}

fn policy(document: &str) -> Result<Policy, String> {
    Policy::parse(document).map_err(|faults| faults.to_string())
}

fn topic_arn(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["arn", partition, "sns", region, account, name]
            if ![partition, region, account, name].iter().any(|part| part.is_empty()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err(format!("is not the ARN of a topic: {}", shown(text))),
    }
}

fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(format!("is not an account id (12 digits): {}", shown(text)))
    }
}

fn ledger_days(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(days) if (1..=MOST_LEDGER_DAYS).contains(&days) => Ok(days),
        _ => Err(format!("must be 1 to {MOST_LEDGER_DAYS} days, got {}", shown(text))),
    }
}

fn region_name(text: &str) -> Result<String, String> {
    if text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        Ok(text.to_owned())
    } else {
        Err(format!("is not a region: {}", shown(text)))
    }
}

fn endpoint(text: &str) -> Result<(), String> {
    match host(text) {
        Some(_) => Ok(()),
        None => Err(format!("is not an http(s) URL: {}", shown(text))),
    }
}

/// A wrong value as it is shown: quoted, and cut.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(60).collect::<String>())
}

/// The host of an http(s) URL without user information; `None` for anything else.
fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    if authority.contains('@') {
        return None;
    }
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

/// Whether the URL's host is this machine.
fn is_loopback(url: &str) -> bool {
    let is_local = |host: &str| {
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    };
    host(url).is_some_and(is_local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const POLICY: &str = r#"
        version = 1
        [fleets.aira-web]
        min = 1
        time_zone = "UTC"
        load = { expression = "m", metrics = { m = "AWS/EC2 NetworkIn Sum" } }
        capacity_per_instance = 600
        day = { starts = "08:00", floor = 2 }
        night = { starts = "22:00", floor = 1 }
    "#;

    pub(super) fn good() -> BTreeMap<&'static str, &'static str> {
        BTreeMap::from([
            (CONTROL_TABLE, "tidegate-control"),
            (WARNING_TOPIC, "arn:aws:sns:eu-central-1:123456789012:warning"),
            (CRITICAL_TOPIC, "arn:aws:sns:eu-central-1:123456789012:critical"),
            (SEED_POLICY, POLICY),
            (ACCOUNT, "123456789012"),
            (LEDGER_DAYS, "90"),
            (REGION, "eu-central-1"),
            (ENDPOINT_URL, "http://127.0.0.1:4566"),
            (ACCESS_KEY_ID, "AKIDEXAMPLE"),
            (SECRET_ACCESS_KEY, "s3cr3t"),
        ])
    }

    fn read(env: &BTreeMap<&str, &str>) -> Result<Settings, BadSettings> {
        Settings::read(|name| env.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn a_good_environment_is_read() {
        let settings = read(&good()).unwrap();
        assert_eq!(settings.control_table, "tidegate-control");
        assert_eq!(settings.ledger_days, 90);
        assert_eq!(settings.connection.region(), "eu-central-1");
        assert!(settings.connection.is_loopback());
    }

    #[test]
    fn all_faults_are_told_at_once_each_with_its_variable() {
        let faults = read(&BTreeMap::new()).unwrap_err().faults;
        let optional = [ESCALATION_TOPIC, CHAT_TOPIC, MORE_TOPICS, ENDPOINT_URL, SESSION_TOKEN];
        let of_sessions = [SESSION_TABLE, CACHE_URL, CACHE_SECRET];
        let others = |name: &&&str| !optional.contains(name) && !of_sessions.contains(name);
        for name in VARIABLES.iter().filter(others) {
            let told = faults.iter().filter(|fault| fault.starts_with(*name)).count();
            assert_eq!(told, 1, "{name}: {faults:?}");
        }
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        for (name, value) in [
            (CONTROL_TABLE, "a table"),
            (WARNING_TOPIC, "arn:aws:sqs:eu-central-1:123456789012:warning"),
            (CRITICAL_TOPIC, "critical"),
            (SEED_POLICY, "  "),
            (SEED_POLICY, "version = 1"),
            (ACCOUNT, "12345"),
            (LEDGER_DAYS, "0"),
            (LEDGER_DAYS, "for ever"),
            (REGION, "Frankfurt\n"),
            (ENDPOINT_URL, "ftp://127.0.0.1"),
            (ACCESS_KEY_ID, ""),
        ] {
            let mut env = good();
            env.insert(name, value);
            let error = read(&env).unwrap_err();
            assert!(error.faults[0].starts_with(name), "{name}={value:?}: {error}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let text = format!("{:?}", read(&good()).unwrap());
        assert!(!text.contains("s3cr3t") && !text.contains("AKIDEXAMPLE"), "{text}");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:4566", true),
            ("http://127.8.9.10", true),
            ("https://localhost:4566/path", true),
            ("http://[::1]:4566", true),
            ("http://127.0.0.1@example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com:80", false),
            ("http://example.com/127.0.0.1", false),
            ("http://example.com\\@127.0.0.1", false),
            ("http://10.0.0.1", false),
            ("127.0.0.1:4566", false),
        ] {
            assert_eq!(is_loopback(url), expected, "{url}");
        }
    }
}
