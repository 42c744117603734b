//! The four SDK clients over one connection pool, built once, without a single
//! network call and without `aws-config` (which would probe files and metadata
//! services that a Lambda does not need).

use crate::config::Connection;
use aws_sdk_autoscaling::config::{BehaviorVersion, IdentityCache, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityCache;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::time::Duration;

/// TCP and TLS handshake inside a region take milliseconds; one lost packet costs a second.
const CONNECT: Duration = Duration::from_millis(1_500);
/// Three attempts against a silent peer fit into one operation.
const ATTEMPT: Duration = Duration::from_millis(2_500);
/// An operation with all its attempts; `call::LONGEST` stands behind it.
const OPERATION: Duration = crate::call::LONGEST;
/// The SDK's own retries count as attempts.
const ATTEMPTS: u32 = 3;
/// Before the second attempt the SDK waits up to this long, then up to twice as long.
const BACKOFF: Duration = Duration::from_millis(200);

/// The clients that Tidegate calls AWS with.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) autoscaling: aws_sdk_autoscaling::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) sns: aws_sdk_sns::Client,
}

impl Clients {
    /// Builds them; reads the trusted certificates, talks to nobody.
    pub(crate) fn new(connection: &Connection) -> Self {
        let config = sdk_config(connection);
        Self {
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
        }
    }
}

/// What every client is built with.
pub(crate) fn sdk_config(connection: &Connection) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(connection.region().to_owned()))
        .credentials_provider(connection.credentials().clone())
        .identity_cache(identity_cache(connection))
        .http_client(http_client())
        .sleep_impl(TokioSleep::new())
        .retry_config(retries())
        .timeout_config(timeouts())
        // No operation here streams: an attempt's timeout covers its whole answer.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .disable_request_compression(true);
    config.set_endpoint_url(connection.endpoint_url().map(str::to_owned));
    config.build()
}

/// Credentials of the environment are constant for the process: nothing to cache or to refresh.
fn identity_cache(connection: &Connection) -> SharedIdentityCache {
    if connection.has_constant_credentials() {
        IdentityCache::no_cache()
    } else {
        IdentityCache::lazy().build()
    }
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(BACKOFF)
        .with_max_backoff(Duration::from_secs(1))
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(ATTEMPT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

/// One connector for all clients: one pool of connections, and the trusted
/// certificates parsed once (the crate's own builder parses them for each client).
/// They come from `SSL_CERT_FILE` when it is set.
fn http_client() -> SharedHttpClient {
    let settings =
        HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(ATTEMPT).build();
    let connector = aws_smithy_http_client::Connector::builder()
        .connector_settings(settings)
        .sleep_impl(TokioSleep::new())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build();
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_, _| connector.clone())
}
