//! Who we are to the cache. It is never printed: there is no `Debug`, and no error repeats it.

use serde::Deserialize;

/// A user and a password, or a password alone (of the server's default user).
#[derive(Clone)]
pub struct Login {
    username: Option<String>,
    password: String,
}

/// The secret as JSON: what Secrets Manager and ElastiCache's users are written with.
#[derive(Deserialize)]
struct Document {
    username: Option<String>,
    password: String,
}

impl Login {
    /// Takes a login.
    pub fn new(username: Option<String>, password: String) -> Self {
        Self { username, password }
    }

    /// Reads a secret: JSON with `password` and perhaps `username`, or the password as it is.
    ///
    /// # Errors
    /// A sentence that does not repeat the text.
    pub fn from_secret(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the cache's secret is empty".to_owned());
        }
        if !text.starts_with('{') {
            return Ok(Self::new(None, text.to_owned()));
        }
        let document = serde_json::from_str::<Document>(text);
        let Document { username, password } = document.map_err(|_| {
            "the cache's secret is no JSON with `password` and perhaps `username`".to_owned()
        })?;
        Ok(Self { username: username.filter(|name| !name.is_empty()), password })
    }

    /// The settings of a connection with this login.
    pub(crate) fn settings(login: Option<&Self>) -> redis::RedisConnectionInfo {
        let settings = redis::RedisConnectionInfo::default();
        let Some(Self { username, password }) = login else { return settings };
        let settings = settings.set_password(password);
        match username {
            Some(username) => settings.set_username(username),
            None => settings,
        }
    }
}
