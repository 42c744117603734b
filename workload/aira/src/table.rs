//! Sessions in the session table, by `tidegate-sessions`: in every region, with the region's cache.
//! The only file that knows that crate. Credentials are the environment's (a machine of a developer,
//! the local endpoint) or the instance's.

use crate::instance::Instance;
use crate::settings::{Faults, Settings, StoreKind};
use crate::store::{Answer, Fields, Store, StoreFault};
use crate::ticket::Key;
use std::time::{Duration, SystemTime};
use tidegate_adapters::Secrets;
use tidegate_sessions::{
    Connection, Error, Options, SessionSettings, SessionStore, StoreError, TokenKey, cache_url,
};

/// The store.
#[derive(Debug)]
pub struct Table(SessionStore);

impl Table {
    /// Reads where from the environment, as `tidegate-sessions` does; talks to nobody.
    ///
    /// # Errors
    /// [`Faults`]
    pub fn from_env(key: &Key, idle: Duration) -> Result<Self, Faults> {
        let connection = connection()?;
        // Only who we are is not the environment's.
        let given = |name: &str| match name {
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("given".to_owned()),
            name => std::env::var(name).ok(),
        };
        let settings = SessionSettings::read(given, cache_url).map_err(|bad| Faults(bad.faults))?;
        Self::new(&SessionSettings { connection, ..settings }, key, idle)
    }

    /// A store of these settings. Talks to nobody.
    ///
    /// # Errors
    /// None that can be met: the key's length is right.
    pub fn new(
        settings: &tidegate_sessions::Settings,
        key: &Key,
        idle: Duration,
    ) -> Result<Self, Faults> {
        let key = TokenKey::new(key.derived("session tokens"));
        let key = key.map_err(|why| Faults(vec![format!("AIRA_KEY: {why}")]))?;
        let options = Options { idle, ..Options::default() };
        Ok(Self(SessionStore::new(settings, key, options)))
    }
}

/// A secret's text in Secrets Manager.
///
/// # Errors
/// Why it cannot be read; nothing of it.
pub(crate) async fn secret(arn: &str) -> Result<String, String> {
    let connection = connection().map_err(|faults| faults.to_string())?;
    let text = Secrets::new(&connection).text(arn).await;
    text.map(|text| text.expose().clone()).map_err(|why| format!("the secret {arn}: {why}"))
}

/// Whether who we are is the instance's business: nobody gave us credentials.
pub fn is_on_an_instance(settings: &Settings) -> bool {
    settings.store == StoreKind::Table
        && std::env::var("AWS_ACCESS_KEY_ID").map_or(true, |id| id.is_empty())
}

fn connection() -> Result<Connection, Faults> {
    let get = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let connection = if get("AWS_ACCESS_KEY_ID").is_some() {
        Connection::from_env()
    } else {
        let region = get("AWS_REGION").unwrap_or_default();
        if region.is_empty() {
            return Err(Faults(vec!["AWS_REGION is missing".to_owned()]));
        }
        let endpoint = get("AWS_ENDPOINT_URL");
        Connection::with_credentials(&region, endpoint.as_deref(), Instance::default())
    };
    connection.map_err(|bad| Faults(bad.faults))
}

fn fault(error: Error) -> StoreFault {
    match error {
        Error::Store(StoreError::Gone | StoreError::Ended) => StoreFault::Gone,
        other => StoreFault::Unavailable(other.to_string()),
    }
}

impl Store for Table {
    fn create<'a>(&'a self, token: &'a str, fields: Fields, life: Duration) -> Answer<'a, ()> {
        Box::pin(async move {
            let not_after = SystemTime::now() + life;
            self.0.create(token, fields, not_after).await.map(|_| ()).map_err(fault)
        })
    }

    fn get<'a>(&'a self, token: &'a str) -> Answer<'a, Option<Fields>> {
        Box::pin(async move {
            let session = self.0.get(token).await.map_err(fault)?;
            Ok(session.map(|session| session.values))
        })
    }

    fn update<'a>(
        &'a self,
        token: &'a str,
        set: Fields,
        remove: Vec<String>,
    ) -> Answer<'a, Fields> {
        Box::pin(async move {
            let session = self.0.update(token, set, remove).await.map_err(fault)?;
            Ok(session.values)
        })
    }

    fn touch<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.0.touch(token).await.map(|_| ()).map_err(fault) })
    }

    fn end<'a>(&'a self, token: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.0.end(token).await.map(|_| ()).map_err(fault) })
    }
}
