//! Secrets Manager: what the cache is asked to let us in with.
//!
//! What must stay true: a secret has no `Debug` form and stands in no error's text.

use crate::call::Operation;
use crate::clients::sdk_config;
use crate::config::Connection;
use tidegate_domain::ports::{PortError, PortResult};

const CALL: &str = "GetSecretValue";

/// The client. It is built where a secret is named, so that the other functions do not carry it.
#[derive(Debug, Clone)]
pub struct Secrets {
    client: aws_sdk_secretsmanager::Client,
}

/// Something that is never printed: it has no `Debug` form.
#[derive(Clone)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Keeps a secret.
    pub fn new(secret: T) -> Self {
        Self(secret)
    }

    /// The secret itself: for whoever needs it, never for a log.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl Secrets {
    /// Builds the client; talks to nobody.
    pub fn new(connection: &Connection) -> Self {
        Self { client: aws_sdk_secretsmanager::Client::new(&sdk_config(connection)) }
    }

    /// Reads a secret's text.
    ///
    /// # Errors
    /// The port's words; nothing of the secret.
    pub async fn text(&self, arn: &str) -> PortResult<Secret<String>> {
        let request = self.client.get_secret_value().secret_id(arn).send();
        let answer = Operation::begin(CALL, None)?.run(request).await?;
        let unreadable =
            || PortError::Unreadable { call: CALL, why: "it holds no text".to_owned() };
        answer.secret_string.map(Secret::new).ok_or_else(unreadable)
    }
}
