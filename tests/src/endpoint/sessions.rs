//! A Global Table of two regions at the endpoint, each region's control table, and the streams of
//! its replicas.

use super::stage::failed;
use super::{Endpoint, KEY};
use crate::contract::sessions::ArrangeSessions;
use crate::contract::{Scene, Stop};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, CreateReplicationGroupMemberAction,
    KeySchemaElement, KeyType, ReplicationGroupUpdate, ScalarAttributeType, StreamSpecification,
    StreamViewType,
};
use aws_types::region::Region;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tidegate_adapters::{Connection, Replica};
use tidegate_domain::sessions::part::SessionPart;
use tidegate_domain::sessions::stamp::RegionName;
use tidegate_sessions::{CacheUrl, SessionSettings, Settings};
use tidegate_wire::sessions::item;

/// The regions of the table.
pub const REGIONS: [&str; 2] = ["ap-northeast-2", "us-east-1"];
const TABLE: &str = "tidegate-sessions";
const CONTROL: &str = "tidegate-control";

/// The stage.
#[derive(Debug)]
pub struct SessionStage {
    endpoint: Endpoint,
    places: [Place; 2],
    counter: AtomicU32,
}

/// One region.
#[derive(Debug)]
struct Place {
    region: RegionName,
    replica: Replica,
    dynamodb: Client,
}

impl SessionStage {
    /// Starts an endpoint with the table in both regions.
    ///
    /// # Errors
    /// [`Stop::Failed`] when something of it does not work.
    pub async fn start() -> Scene<Self> {
        let endpoint = Endpoint::start().map_err(Stop::Failed)?;
        let [first, second] = REGIONS.map(|region| Place::at(endpoint.url(), region));
        let (first, second) = (first?, second?);
        first.create(TABLE, true).await?;
        first.add_replica(second.region.as_str()).await?;
        for place in [&first, &second] {
            place.create(CONTROL, false).await?;
        }
        Ok(Self { endpoint, places: [first, second], counter: AtomicU32::new(0) })
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// A client of a region, for what is done around the ports.
    pub fn client(&self, region: usize) -> &Client {
        let [first, second] = &self.places;
        if region == 0 { &first.dynamodb } else { &second.dynamodb }
    }

    /// A region's replica through another address (a relay).
    ///
    /// # Errors
    /// [`Stop::Failed`].
    pub fn replica_through(&self, url: &str) -> Scene<Replica> {
        let [first, _] = &self.places;
        Ok(Replica::connect(&connection(url, first.region.as_str())?, TABLE, CONTROL))
    }

    /// What the store and the function of a region are told.
    ///
    /// # Errors
    /// [`Stop::Failed`].
    pub fn settings(&self, region: usize, cache: &str) -> Scene<Settings> {
        let region = REGIONS.get(region).copied().unwrap_or_default();
        Ok(SessionSettings {
            connection: connection(self.endpoint.url(), region)?,
            region: RegionName::new(region).map_err(Stop::Failed)?,
            control_table: CONTROL.to_owned(),
            session_table: TABLE.to_owned(),
            cache: cache.parse::<CacheUrl>().map_err(Stop::Failed)?,
            cache_secret: None,
        })
    }

    /// Everything that the stream of a region's replica holds, as a mapping gives it to a function.
    ///
    /// # Errors
    /// [`Stop::Failed`].
    pub fn batch(&self, region: usize) -> Scene<Value> {
        let region = REGIONS.get(region).copied().unwrap_or_default();
        let ask = |call: &str, body: &Value| self.streams(region, call, body);
        let listed = ask("ListStreams", &json!({ "TableName": TABLE }))?;
        let arn = listed.pointer("/Streams/0/StreamArn").cloned().unwrap_or_default();
        let told = ask("DescribeStream", &json!({ "StreamArn": arn }))?;
        let shards = told.pointer("/StreamDescription/Shards").and_then(Value::as_array);
        let mut records = Vec::new();
        for shard in shards.into_iter().flatten() {
            let from = json!({
                "StreamArn": arn, "ShardId": shard.get("ShardId"),
                "ShardIteratorType": "TRIM_HORIZON",
            });
            let from = ask("GetShardIterator", &from)?.get("ShardIterator").cloned();
            let mut page = ask("GetRecords", &json!({ "ShardIterator": from }))?;
            if let Some(found) = page.get_mut("Records").and_then(Value::as_array_mut) {
                records.append(found);
            }
        }
        Ok(json!({ "Records": records }))
    }

    /// Keeps a text in Secrets Manager of a region; its ARN.
    ///
    /// # Errors
    /// [`Stop::Failed`].
    pub fn keep_secret(&self, region: usize, name: &str, text: &str) -> Scene<String> {
        let region = REGIONS.get(region).copied().unwrap_or_default();
        let ask =
            |call: &str, body: &Value| self.call(region, &format!("secretsmanager.{call}"), body);
        let put = ask("PutSecretValue", &json!({ "SecretId": name, "SecretString": text }));
        let kept =
            put.or_else(|_| ask("CreateSecret", &json!({ "Name": name, "SecretString": text })))?;
        let arn = kept.get("ARN").and_then(Value::as_str);
        arn.map(str::to_owned).ok_or_else(|| Stop::Failed(format!("no ARN in {kept}")))
    }

    /// One call of DynamoDB Streams, whose answers have the form in which functions get records.
    fn streams(&self, region: &str, call: &str, body: &Value) -> Scene<Value> {
        self.call(region, &format!("DynamoDBStreams_20120810.{call}"), body)
    }

    /// One call of a service that speaks JSON.
    fn call(&self, region: &str, call: &str, body: &Value) -> Scene<Value> {
        let service =
            if call.starts_with("secretsmanager") { "secretsmanager" } else { "dynamodb" };
        let (host, body) = (self.endpoint.url().trim_start_matches("http://"), body.to_string());
        let mut stream = TcpStream::connect(host).map_err(failed("connect"))?;
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\
             X-Amz-Target: {call}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential={KEY}/20260101/{region}/{service}/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n{body}",
            body.len()
        )
        .map_err(failed("a request"))?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(failed("an answer"))?;
        let (head, text) = answer.split_once("\r\n\r\n").unwrap_or_default();
        if !head.starts_with("HTTP/1.1 200") {
            return Err(Stop::Failed(format!("{call}: {answer}")));
        }
        serde_json::from_str(text).map_err(failed("JSON"))
    }
}

impl Place {
    fn at(url: &str, region: &str) -> Scene<Self> {
        let config = super::clients::sdk_config(url).into_builder();
        let config = config.region(Region::new(region.to_owned())).build();
        Ok(Self {
            region: RegionName::new(region).map_err(Stop::Failed)?,
            replica: Replica::connect(&connection(url, region)?, TABLE, CONTROL),
            dynamodb: Client::new(&config),
        })
    }

    async fn create(&self, table: &str, streams: bool) -> Scene<()> {
        let key = |name: &str, kind| {
            let element = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            element.build().map_err(failed("key"))
        };
        let text = |name: &str| {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            attribute.attribute_type(ScalarAttributeType::S).build().map_err(failed("attribute"))
        };
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages);
        let stream = stream.build().map_err(failed("stream"))?;
        let request = self
            .dynamodb
            .create_table()
            .table_name(table)
            .key_schema(key("pk", KeyType::Hash)?)
            .key_schema(key("sk", KeyType::Range)?)
            .attribute_definitions(text("pk")?)
            .attribute_definitions(text("sk")?)
            .set_stream_specification(streams.then_some(stream))
            .billing_mode(BillingMode::PayPerRequest);
        request.send().await.map(drop).map_err(failed("CreateTable"))
    }

    async fn add_replica(&self, region: &str) -> Scene<()> {
        let create = CreateReplicationGroupMemberAction::builder().region_name(region);
        let create = create.build().map_err(failed("replica"))?;
        let update = ReplicationGroupUpdate::builder().create(create).build();
        let request = self.dynamodb.update_table().table_name(TABLE).replica_updates(update);
        request.send().await.map(drop).map_err(failed("UpdateTable"))
    }
}

fn connection(url: &str, region: &str) -> Scene<Connection> {
    let credentials = aws_credential_types::Credentials::new(KEY, KEY, None, None, "test");
    Connection::with_credentials(region, Some(url), credentials).map_err(failed("settings"))
}

impl ArrangeSessions for SessionStage {
    type Table = Replica;
    type Epochs = Replica;

    fn here(&self) -> (&RegionName, &Replica) {
        let [first, _] = &self.places;
        (&first.region, &first.replica)
    }

    fn there(&self) -> (&RegionName, &Replica) {
        let [_, second] = &self.places;
        (&second.region, &second.replica)
    }

    fn epochs(&self) -> &Replica {
        self.here().1
    }

    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = i64::try_from(since.as_millis()).unwrap_or(0);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn unique(&self) -> u32 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// The endpoint replicates within the call.
    async fn settle(&self) -> Scene<()> {
        Ok(())
    }

    async fn plant_newer(&self, part: &SessionPart) -> Scene<()> {
        let text = |text: String| AttributeValue::S(text);
        let request = self
            .client(0)
            .put_item()
            .table_name(TABLE)
            .item("pk", text(item::session_pk(&part.key)))
            .item("sk", text(part.id.to_string()))
            .item("written", text(part.written.to_string()))
            .item("v", AttributeValue::N("2".to_owned()));
        request.send().await.map(drop).map_err(failed("PutItem"))
    }
}
