//! What session-sync is told by its environment: the table of its region, the region's cache, the
//! control table that says which of the cache's entries can be trusted.

use super::{
    BadSettings, CACHE_SECRET, CACHE_URL, CONTROL_TABLE, Connection, Reader, SESSION_TABLE,
    from_process, shown, table_name,
};
use tidegate_domain::sessions::stamp::RegionName;

/// Everything that session-sync is told by its environment. `C` is the cache's address, in the form
/// of the crate that speaks to it.
#[derive(Debug, Clone)]
pub struct SessionSettings<C> {
    /// Where and as whom AWS is called.
    pub connection: Connection,
    /// The region, as stamps have it.
    pub region: RegionName,
    /// Name of the control table.
    pub control_table: String,
    /// Name of the session table.
    pub session_table: String,
    /// The cache's address.
    pub cache: C,
    /// ARN of the secret with the cache's password; none: it asks for none.
    pub cache_secret: Option<String>,
}

impl<C> SessionSettings<C> {
    /// Reads the process's environment; `cache` reads the cache's address.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault.
    pub fn from_env(cache: fn(&str) -> Result<C, String>) -> Result<Self, BadSettings> {
        Self::read(from_process, cache)
    }

    /// Reads variables from `get`.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault.
    pub fn read(
        get: impl Fn(&str) -> Option<String>,
        cache: fn(&str) -> Result<C, String>,
    ) -> Result<Self, BadSettings> {
        let mut reader = Reader::new(&get);
        let connection = reader.connection();
        // Its fault, if it has one, is told with the connection.
        let region = connection.as_ref().and_then(|c| RegionName::new(c.region()).ok());
        let control_table = reader.checked(CONTROL_TABLE, table_name);
        let session_table = reader.checked(SESSION_TABLE, table_name);
        let cache = reader.checked(CACHE_URL, cache);
        let cache_secret = reader.checked_if_set(CACHE_SECRET, secret_arn);
        if connection.is_some() && region.is_none() {
            reader.faults.push(format!("{} is not a region", super::REGION));
        }
        let settings = (|| {
            Some(Self {
                connection: connection?,
                region: region?,
                control_table: control_table?,
                session_table: session_table?,
                cache: cache?,
                cache_secret,
            })
        })();
        reader.finish(settings)
    }
}

fn secret_arn(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["arn", partition, "secretsmanager", region, account, "secret", name]
            if ![partition, region, account, name].iter().any(|part| part.is_empty()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err(format!("is not the ARN of a secret: {}", shown(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::good;
    use super::super::{REGION, VARIABLES};
    use super::*;
    use std::collections::BTreeMap;

    const SECRET: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cache-AbCdEf";

    fn address(text: &str) -> Result<String, String> {
        if text.starts_with("redis") {
            Ok(text.to_owned())
        } else {
            Err("is no address".to_owned())
        }
    }

    fn read(
        changes: &[(&'static str, &'static str)],
    ) -> Result<SessionSettings<String>, BadSettings> {
        let mut env = good();
        env.extend([(SESSION_TABLE, "sessions"), (CACHE_URL, "redis://127.0.0.1:6379")]);
        env.extend(changes.iter().copied());
        SessionSettings::read(|name| env.get(name).map(|value| (*value).to_owned()), address)
    }

    #[test]
    fn a_good_environment_is_read() {
        let settings = read(&[]).unwrap();
        assert_eq!((settings.session_table.as_str(), settings.cache_secret), ("sessions", None));
        assert_eq!(settings.region.as_str(), "eu-central-1");
        let settings = read(&[(CACHE_SECRET, SECRET)]).unwrap();
        assert_eq!(settings.cache_secret.as_deref(), Some(SECRET));
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        for (name, value, why) in [
            (SESSION_TABLE, "a table", "is not the name of a table"),
            (SESSION_TABLE, "", "is missing"),
            (CACHE_URL, "http://127.0.0.1", "is no address"),
            (CACHE_SECRET, "arn:aws:sns:eu-central-1:123456789012:topic", "the ARN of a secret"),
            (CACHE_SECRET, "hunter2", "the ARN of a secret"),
            (REGION, "a-region-whose-code-is-far-too-long", "is not a region"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert_eq!(error.faults.len(), 1, "{error}");
            assert!(error.faults[0].starts_with(name) && error.faults[0].contains(why), "{error}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let env = BTreeMap::from([(CACHE_SECRET, "x")]);
        let get = |name: &str| env.get(name).map(|value| (*value).to_owned());
        let faults = SessionSettings::read(get, address).unwrap_err().faults;
        for name in [CONTROL_TABLE, SESSION_TABLE, CACHE_URL, CACHE_SECRET, REGION] {
            assert!(VARIABLES.contains(&name), "{name}");
            let told = faults.iter().filter(|fault| fault.starts_with(name)).count();
            assert_eq!(told, 1, "{name}: {faults:?}");
        }
    }
}
