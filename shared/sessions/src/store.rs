//! The session store as applications see it: tokens and texts in, sessions out.
//!
//! What must stay true: neither a token nor a value has a way into an error or a `Debug` form.

use crate::door::Door;
use crate::token::TokenKey;
use crate::world::World;
use crate::{Settings, cache_url};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tidegate_adapters::{BadSettings, Replica};
use tidegate_domain::sessions::part::{FieldName, FieldValue};
use tidegate_domain::sessions::score::BoardWord;
use tidegate_domain::sessions::session;
use tidegate_domain::sessions::store::{
    Ending, Life, SessionStore as Shell, StoreConfig, StoreCounts, StoreError,
};

/// How an application keeps its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A session runs out this long after it was created, updated or touched; 30 minutes.
    pub idle: Duration,
    /// Shards of a board: the same in every region and program, never changed while a board has
    /// scores; 4.
    pub shards: NonZeroU16,
}

impl Default for Options {
    fn default() -> Self {
        const FOUR: NonZeroU16 = NonZeroU16::MIN.saturating_add(3);
        Self { idle: Duration::from_secs(30 * 60), shards: FOUR }
    }
}

/// Why the store did not do what was asked. No text repeats a token, a key or a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The store's own reasons.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A field, a board or a member has a name that is none.
    #[error("{0}")]
    Name(String),
    /// A token has at least one byte.
    #[error("an empty token is nobody's")]
    EmptyToken,
    /// The secret that tokens are hashed with is too short.
    #[error("tokens are hashed with a secret of at least 16 bytes")]
    ShortSecret,
    /// A time that cannot be said.
    #[error("the time is out of range")]
    Time,
}

/// A session that lives.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// What its fields hold.
    pub values: BTreeMap<String, String>,
    /// The end of its life, whatever happens.
    pub not_after: SystemTime,
    /// When it runs out unless it is updated or touched before.
    pub live_until: SystemTime,
}

impl Session {
    /// What a field holds.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

/// How many fields, and no more.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} fields)", self.values.len())
    }
}

impl From<session::Session> for Session {
    fn from(session: session::Session) -> Self {
        let text = |(name, value): (&FieldName, &FieldValue)| {
            (name.as_str().to_owned(), value.expose().to_owned())
        };
        Self {
            values: session.values().map(text).collect(),
            not_after: system_time(session.not_after),
            live_until: system_time(session.live_until),
        }
    }
}

/// Sessions and rankings in one region. It is shared by reference, also between tasks.
pub struct SessionStore {
    shell: Shell,
    world: World,
    key: TokenKey,
    idle: SignedDuration,
}

impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStore").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl SessionStore {
    /// Reads tables, cache, region and credentials from the environment: `TIDEGATE_SESSION_TABLE`,
    /// `TIDEGATE_CONTROL_TABLE`, `TIDEGATE_CACHE_URL`, perhaps `TIDEGATE_CACHE_SECRET_ARN`, and
    /// AWS's own variables. Talks to nobody.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault of the environment.
    pub fn from_env(key: TokenKey, options: Options) -> Result<Self, BadSettings> {
        Ok(Self::new(&Settings::from_env(cache_url)?, key, options))
    }

    /// A store of these settings. Talks to nobody.
    pub fn new(settings: &Settings, key: TokenKey, options: Options) -> Self {
        let config = StoreConfig { region: settings.region.clone(), shards: options.shards };
        let world = World { replica: Replica::new(settings), door: Arc::new(Door::new(settings)) };
        let idle = SignedDuration::try_from(options.idle).unwrap_or(SignedDuration::MAX);
        Self { shell: Shell::new(config), world, key, idle }
    }

    /// Begins a session whose life ends at `not_after`, whatever happens. A token is used once.
    ///
    /// # Errors
    /// [`StoreError::Exists`]: the token was used before. After an error of the table's the session
    /// may exist: take another token.
    pub async fn create<N: AsRef<str>, V: Into<String>>(
        &self,
        token: impl AsRef<[u8]>,
        fields: impl IntoIterator<Item = (N, V)>,
        not_after: SystemTime,
    ) -> Result<Session, Error> {
        let key = self.key.key_of(token.as_ref())?;
        let fields = fields.into_iter().map(|(name, value)| Ok((field(name)?, value_of(value))));
        let fields = fields.collect::<Result<_, Error>>()?;
        let not_after = instant(not_after).ok_or(Error::Time)?;
        let life = Life { not_after, idle: self.idle };
        Ok(self.shell.create(&self.world, &key, &fields, life).await?.into())
    }

    /// The session, if it lives.
    ///
    /// # Errors
    /// Neither cache nor table answered.
    pub async fn get(&self, token: impl AsRef<[u8]>) -> Result<Option<Session>, Error> {
        let key = self.key.key_of(token.as_ref())?;
        Ok(self.shell.get(&self.world, &key).await?.map(Session::from))
    }

    /// Sets fields and removes others (one that is in both is removed), and lets the session live
    /// on for the idle time.
    ///
    /// # Errors
    /// [`StoreError::Ended`], [`StoreError::Gone`]; one of the table's, after which it may have
    /// happened: it can be repeated.
    pub async fn update<N: AsRef<str>, V: Into<String>, R: AsRef<str>>(
        &self,
        token: impl AsRef<[u8]>,
        set: impl IntoIterator<Item = (N, V)>,
        remove: impl IntoIterator<Item = R>,
    ) -> Result<Session, Error> {
        let key = self.key.key_of(token.as_ref())?;
        let set = set.into_iter().map(|(name, value)| Ok((field(name)?, Some(value_of(value)))));
        let mut changes = set.collect::<Result<BTreeMap<_, _>, Error>>()?;
        for name in remove {
            changes.insert(field(name)?, None);
        }
        Ok(self.shell.update(&self.world, &key, &changes, self.idle).await?.into())
    }

    /// Lets the session live on for the idle time. It writes only in the second half of it: every
    /// write is paid for in every region.
    ///
    /// # Errors
    /// Those of [`Self::update`].
    pub async fn touch(&self, token: impl AsRef<[u8]>) -> Result<Session, Error> {
        let key = self.key.key_of(token.as_ref())?;
        Ok(self.shell.touch(&self.world, &key, self.idle).await?.into())
    }

    /// Logout: in every region, for good.
    ///
    /// # Errors
    /// One of the table's, after which it may have happened: it can be repeated.
    pub async fn end(&self, token: impl AsRef<[u8]>) -> Result<Ending, Error> {
        let key = self.key.key_of(token.as_ref())?;
        Ok(self.shell.end(&self.world, &key).await?)
    }

    /// Adds to a member's score; what this region has counted of it then.
    ///
    /// # Errors
    /// [`StoreError::Uncertain`]: the answer was lost, and it may have been counted.
    pub async fn add_score(&self, board: &str, member: &str, n: i64) -> Result<i64, Error> {
        let (board, member) = (word(board)?, word(member)?);
        Ok(self.shell.add_score(&self.world, &board, &member, n).await?)
    }

    /// The first `top` members of a board with their scores, highest first.
    ///
    /// # Errors
    /// Neither cache nor table answered.
    pub async fn rank(&self, board: &str, top: u32) -> Result<Vec<(String, i64)>, Error> {
        let ranking = self.shell.rank(&self.world, &word(board)?, top).await?;
        Ok(ranking.into_iter().map(|(member, n)| (member.as_str().to_owned(), n)).collect())
    }

    /// What it has done so far, for the application's own metrics.
    pub fn counts(&self) -> StoreCounts {
        self.shell.counts()
    }
}

fn field(name: impl AsRef<str>) -> Result<FieldName, Error> {
    FieldName::new(name.as_ref()).map_err(Error::Name)
}

fn value_of(value: impl Into<String>) -> FieldValue {
    FieldValue::new(value)
}

fn word(name: &str) -> Result<BoardWord, Error> {
    BoardWord::new(name).map_err(Error::Name)
}

/// Whole seconds, rounded down; none for a time before 1970 or beyond the last one that can be said.
fn instant(time: SystemTime) -> Option<Timestamp> {
    let secs = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Timestamp::from_second(i64::try_from(secs).ok()?).ok()
}

/// Sessions' times are whole seconds after 1970.
fn system_time(at: Timestamp) -> SystemTime {
    let secs = u64::try_from(at.as_second()).unwrap_or(0);
    UNIX_EPOCH.checked_add(Duration::from_secs(secs)).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds_both_ways() {
        for secs in [0, 1, 1_800_000_000] {
            let time = UNIX_EPOCH + Duration::from_secs(secs);
            let at = instant(time + Duration::from_millis(999)).unwrap();
            assert_eq!((at.as_second(), system_time(at)), (i64::try_from(secs).unwrap(), time));
        }
        assert_eq!(instant(UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(instant(UNIX_EPOCH + Duration::from_secs(1 << 40)), None);
    }

    #[test]
    fn nothing_of_a_session_is_shown() {
        let values = BTreeMap::from([("user".to_owned(), "canary".to_owned())]);
        let session = Session { values, not_after: UNIX_EPOCH, live_until: UNIX_EPOCH };
        assert_eq!(format!("{session:?}"), "Session(1 fields)");
        assert_eq!((session.get("user"), session.get("cart")), (Some("canary"), None));
    }
}
