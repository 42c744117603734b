//! What the instance knows of itself, from EC2's metadata service (version 2): its credentials, and
//! whether its group takes it away. The SDK's provider would bring its configuration crate and a
//! second service's client for three small requests.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html>
//!
//! The SDK asks again some minutes before they run out, and keeps what it has when that fails.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use std::time::{Duration, UNIX_EPOCH};

const SERVICE: &str = "http://169.254.169.254";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const TARGET_STATE: &str = "/latest/meta-data/autoscaling/target-lifecycle-state";
/// Longest answer: the service is on the machine itself.
const WAIT: Duration = Duration::from_secs(2);
/// Bytes of an answer.
const MOST: usize = 64 * 1024;

type Text = Result<String, String>;

/// The provider.
#[derive(Debug, Clone)]
pub struct Instance {
    service: String,
    client: Client<HttpConnector, Empty<Bytes>>,
}

impl Default for Instance {
    fn default() -> Self {
        Self::at(SERVICE)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: String,
}

impl Instance {
    /// With the service at another address, such as a test's.
    pub fn at(service: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { service: service.to_owned(), client }
    }

    /// Ready when the group has decided to end this instance; the load balancer then sends nothing
    /// new any more, long before the machine is shut down. Never ready where there is no group.
    pub async fn taken_away(&self, every: Duration) {
        while self.target_state().await.ok().as_deref() != Some("Terminated") {
            tokio::time::sleep(every).await;
        }
    }

    async fn target_state(&self) -> Text {
        let token = self.token().await?;
        self.ask("GET", TARGET_STATE, ("x-aws-ec2-metadata-token", token.as_str())).await
    }

    async fn token(&self) -> Text {
        let lasts = ("x-aws-ec2-metadata-token-ttl-seconds", "60");
        self.ask("PUT", "/latest/api/token", lasts).await
    }

    async fn credentials(&self) -> Result<Credentials, String> {
        let token = self.token().await?;
        let with = ("x-aws-ec2-metadata-token", token.as_str());
        let roles = self.ask("GET", ROLES, with).await?;
        let role = roles.lines().next().unwrap_or_default();
        let text = self.ask("GET", &format!("{ROLES}{role}"), with).await?;
        // The parser's words would repeat what it read.
        let given: Given = serde_json::from_str(&text).map_err(|_| "not credentials".to_owned())?;
        let ends: jiff::Timestamp = given.expiration.parse().map_err(|_| "no end".to_owned())?;
        let ends = UNIX_EPOCH + Duration::from_secs(ends.as_second().try_into().unwrap_or(0));
        let (id, secret, token) = (given.access_key_id, given.secret_access_key, given.token);
        Ok(Credentials::new(id, secret, Some(token), Some(ends), "instance"))
    }

    async fn ask(&self, method: &str, path: &str, (name, value): (&str, &str)) -> Text {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.service));
        let request = request.header(name, value).header("content-length", "0");
        let request = request.body(Empty::new()).map_err(|_| "no request".to_owned())?;
        let answer = async {
            let answer = self.client.request(request).await.map_err(|_| "no answer".to_owned())?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MOST).collect().await;
            let body = body.map_err(|_| "it broke off".to_owned())?.to_bytes();
            let text = String::from_utf8(body.into()).map_err(|_| "not a text".to_owned())?;
            if status.is_success() { Ok(text) } else { Err(format!("status {}", status.as_u16())) }
        };
        let late = |_| Err("no answer in time".to_owned());
        let answer = tokio::time::timeout(WAIT, answer).await.unwrap_or_else(late);
        answer.map_err(|why| format!("the instance's metadata: {method} {path}: {why}"))
    }
}

impl ProvideCredentials for Instance {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.credentials().await.map_err(CredentialsError::provider_error)
        })
    }
}
