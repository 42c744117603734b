//! The way into the region's cache: its password is read at the first call, and again when the
//! cache has refused it.
//!
//! What must stay true: nobody waits for a password but the call that reads it, and that one for two
//! seconds at most; a password that cannot be read is not asked for by every call.

use crate::Settings;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tidegate_adapters::Secrets;
use tidegate_cache::{CacheUrl, LOGIN_REFUSED, Limits, Login, RedisCache};
use tidegate_domain::sessions::ports::CacheError;

/// Longest wait for the password.
const READ: Duration = Duration::from_secs(2);
/// A password that could not be read, or was refused, is not read again for so long.
const PAUSE: Duration = Duration::from_secs(5);

/// The door.
pub(crate) struct Door {
    url: CacheUrl,
    secret: Option<Place>,
    state: Mutex<State>,
}

/// Where the password is.
struct Place {
    secrets: Secrets,
    arn: String,
}

enum State {
    /// Nobody has asked yet, or it came to nothing at that time.
    Closed(Option<Instant>),
    /// Somebody reads the password.
    Opening,
    /// With the password that was read then.
    Open(Arc<RedisCache>, Instant),
}

impl Door {
    /// A closed door; talks to nobody.
    pub fn new(settings: &Settings) -> Self {
        let secret = settings
            .cache_secret
            .as_ref()
            .map(|arn| Place { secrets: Secrets::new(&settings.connection), arn: arn.clone() });
        Self { url: settings.cache.clone(), secret, state: Mutex::new(State::Closed(None)) }
    }

    /// The cache.
    pub async fn cache(&self) -> Result<Arc<RedisCache>, CacheError> {
        match &mut *self.state() {
            State::Open(cache, _) => return Ok(Arc::clone(cache)),
            State::Opening => return Err(error("its password is being read")),
            State::Closed(Some(since)) if since.elapsed() < PAUSE => {
                return Err(error("its password could not be read a moment ago"));
            }
            closed => *closed = State::Opening,
        }
        // Also when this call is given up in the middle.
        let opening = Opening(self);
        let login = self.login().await?;
        let cache = Arc::new(RedisCache::new(self.url.clone(), login, Limits::default()));
        *self.state() = State::Open(Arc::clone(&cache), Instant::now());
        drop(opening);
        Ok(cache)
    }

    /// The answer of `cache`. One that refuses its password is the last one with it.
    pub fn noticed<T>(
        &self,
        cache: &Arc<RedisCache>,
        answer: Result<T, CacheError>,
    ) -> Result<T, CacheError> {
        let is_refusal = |error: &CacheError| error.0 == LOGIN_REFUSED;
        if self.secret.is_some() && answer.as_ref().is_err_and(is_refusal) {
            let mut state = self.state();
            if matches!(&*state, State::Open(open, since)
                if Arc::ptr_eq(open, cache) && since.elapsed() >= PAUSE)
            {
                *state = State::Closed(None);
            }
        }
        answer
    }

    async fn login(&self) -> Result<Option<Login>, CacheError> {
        let Some(Place { secrets, arn }) = &self.secret else { return Ok(None) };
        let text = tokio::time::timeout(READ, secrets.text(arn)).await;
        let text = text.map_err(|_| error("its password was not there in time"))?;
        let text = text.map_err(|why| error(&format!("its password cannot be read: {why}")))?;
        Login::from_secret(text.expose()).map(Some).map_err(CacheError)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the reading of the password: unless the door is open by then, it is closed again.
struct Opening<'a>(&'a Door);

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if matches!(&*state, State::Opening) {
            *state = State::Closed(Some(Instant::now()));
        }
    }
}

fn error(what: &str) -> CacheError {
    CacheError(what.to_owned())
}
