//! Secrets Manager: the cache's user and password.
//!
//! What must stay true: a secret has no `Debug` form and stands in no error's text.

use crate::call::Operation;
use crate::clients::sdk_config;
use crate::config::Connection;
use serde::Deserialize;
use std::fmt;
use tidegate_domain::ports::{PortError, PortResult};

const CALL: &str = "GetSecretValue";

/// The client. It is built where a secret is named, so that the other functions do not carry it.
#[derive(Debug, Clone)]
pub struct Secrets {
    client: aws_sdk_secretsmanager::Client,
}

/// With what the cache is asked to let us in.
#[derive(Clone, PartialEq, Eq)]
pub struct CacheLogin {
    /// The user; none for the default one.
    pub username: Option<String>,
    /// The password, or "AUTH token".
    pub password: String,
}

impl fmt::Debug for CacheLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheLogin(..)")
    }
}

impl Secrets {
    /// Builds the client; talks to nobody.
    pub fn new(connection: &Connection) -> Self {
        Self { client: aws_sdk_secretsmanager::Client::new(&sdk_config(connection)) }
    }

    /// Reads the secret: `{"username": .., "password": ..}` (the user may be left out), or the
    /// password alone.
    ///
    /// # Errors
    /// The port's words; nothing of the secret.
    pub async fn cache_login(&self, arn: &str) -> PortResult<CacheLogin> {
        let request = self.client.get_secret_value().secret_id(arn).send();
        let answer = Operation::begin(CALL, None)?.run(request).await?;
        login(answer.secret_string().unwrap_or_default())
            .map_err(|why| PortError::Unreadable { call: CALL, why: why.to_owned() })
    }
}

fn login(text: &str) -> Result<CacheLogin, &'static str> {
    #[derive(Deserialize)]
    struct Login {
        #[serde(default)]
        username: Option<String>,
        password: String,
    }
    let login = if text.trim_start().starts_with('{') {
        // The parser's own words may repeat what it read.
        let read: Login =
            serde_json::from_str(text).map_err(|_| "the secret is JSON without a `password`")?;
        let username = read.username.filter(|name| !name.is_empty());
        CacheLogin { username, password: read.password }
    } else {
        CacheLogin { username: None, password: text.trim().to_owned() }
    };
    if login.password.is_empty() { Err("the secret is empty") } else { Ok(login) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_json_or_a_password() {
        let of = |username: Option<&str>, password: &str| {
            Ok(CacheLogin { username: username.map(str::to_owned), password: password.to_owned() })
        };
        for (text, expected) in [
            ("hunter2\n", of(None, "hunter2")),
            (r#"{"username":"sync","password":"hunter2"}"#, of(Some("sync"), "hunter2")),
            (r#" {"username":"","password":"hunter2","host":"x"}"#, of(None, "hunter2")),
            (r#"{"password":"hunter2","username":null}"#, of(None, "hunter2")),
            ("", Err("the secret is empty")),
            (" \n", Err("the secret is empty")),
            (r#"{"password":""}"#, Err("the secret is empty")),
            (r#"{"token":"hunter2"}"#, Err("the secret is JSON without a `password`")),
            (r#"{"password":["hunter2"]}"#, Err("the secret is JSON without a `password`")),
            (r#"{"password":"hunter2""#, Err("the secret is JSON without a `password`")),
        ] {
            assert_eq!(login(text), expected, "{text}");
        }
        assert_eq!(format!("{:?}", login("hunter2").unwrap()), "CacheLogin(..)");
    }
}
