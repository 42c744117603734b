//! Clients of the endpoint: the implementation under test, and what AWS's users do around it.

use super::{ACCOUNT, KEY, REGION};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_autoscaling::config::BehaviorVersion;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::collections::BTreeMap;
use tidegate_adapters::{Aws, BadSettings, Connection, MoreTopics, RouterSettings, Topics};

/// The implementation under test. Its topics are those for warnings, critical notices,
/// escalations and chat applications.
pub(super) fn aws(
    url: &str,
    key: &str,
    table: &str,
    topics: [&str; 4],
) -> Result<Aws, BadSettings> {
    let connection = Connection::read(|name| match name {
        "AWS_REGION" => Some(REGION.to_owned()),
        "AWS_ENDPOINT_URL" => Some(url.to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some(key.to_owned()),
        _ => None,
    });
    let [warning, critical, escalation, chat] = topics.map(topic_arn);
    let settings = RouterSettings {
        connection: connection?,
        control_table: table.to_owned(),
        topics: Topics { warning, critical },
        more_topics: MoreTopics {
            escalation: Some(escalation),
            chat: Some(chat),
            named: BTreeMap::new(),
        },
        seed_document: String::new(),
        account: ACCOUNT.to_owned(),
    };
    Ok(Aws::for_router(&settings))
}

/// Clients for what AWS's users do around the ports.
pub(super) fn sdk_config(url: &str) -> SdkConfig {
    let credentials = Credentials::new(KEY, KEY, None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(TokioSleep::new())
        .build()
}

pub(super) fn topic_arn(name: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}")
}
