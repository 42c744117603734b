//! The port on a real server.

use crate::code::part_of;
use crate::commands;
use crate::link::{Connection, Limits, Link, Numbered, said};
use crate::login::Login;
use crate::scripts::Kind;
use crate::url::CacheUrl;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use std::time::{SystemTime, UNIX_EPOCH};
use tidegate_domain::sessions::part::{SessionKey, SessionPart};
use tidegate_domain::sessions::ports::{CacheError, CacheRead, CacheWrite, FillMark};
use tidegate_domain::sessions::ports::{RankRead, SessionCache};
use tidegate_domain::sessions::score::{BoardWord, ScorePart, ShardKey};
use tokio::time::{Instant, timeout_at};

/// Writes that are sent together, and have one budget of time.
pub const CHUNK: usize = 500;
/// Chunks on their way at once: while the server works on one, the next one is put into words.
const AT_ONCE: usize = 2;
/// Parts in one step of a shard's rebuild: the server does nothing else meanwhile.
const STEP: usize = 500;

/// A cache in Redis or Valkey. It is shared by reference; its connection is made by the first call.
pub struct RedisCache {
    link: Link,
}

impl RedisCache {
    /// The cache at an address. Nobody is talked to before the first call.
    pub fn new(url: CacheUrl, login: Option<Login>, limits: Limits) -> Self {
        Self { link: Link::new(url, login, limits) }
    }

    /// Trusts this authority (PEM) instead of the system's: a server with a certificate of its own.
    #[must_use]
    pub fn trusting(mut self, pem: Vec<u8>) -> Self {
        self.link.trust(pem);
        self
    }

    /// One command, within the budget.
    async fn one(&self, cmd: Cmd) -> Result<Value, CacheError> {
        let answers = self.all(vec![cmd]).await?;
        answers.into_iter().next().ok_or_else(strange)
    }

    /// Commands that are sent together, within one budget. All of them can be repeated, so a
    /// connection that broke is made anew once: it may have been closed while nobody used it.
    async fn all(&self, cmds: Vec<Cmd>) -> Result<Vec<Value>, CacheError> {
        let limits = self.link.limits();
        let until = Instant::now() + limits.budget;
        let late = || CacheError(format!("no answer within {} ms", limits.budget.as_millis()));
        let mut pipeline = Pipeline::with_capacity(cmds.len());
        for cmd in cmds {
            pipeline.add_command(cmd);
        }
        let mut again = true;
        loop {
            let connecting = timeout_at(until, self.link.connection());
            let Numbered { number, connection } = connecting.await.map_err(|_| late())??;
            match timeout_at(until, answers(connection, &pipeline)).await {
                Ok(Ok(values)) => {
                    self.link.answered();
                    return Ok(values);
                }
                Ok(Err(error)) if !is_broken(&error) => return Err(said(&error)),
                Ok(Err(_)) if again => {
                    self.link.lost(number);
                    again = false;
                }
                Ok(Err(error)) => {
                    self.link.lost(number);
                    return Err(said(&error));
                }
                Err(_) => {
                    self.link.lost(number);
                    return Err(late());
                }
            }
        }
    }
}

impl SessionCache for RedisCache {
    async fn apply(&self, writes: &[CacheWrite]) -> Result<(), CacheError> {
        let now = now_secs();
        let chunk = |writes: &[CacheWrite]| {
            let cmds = writes.iter().map(|write| commands::write(write, now)).collect();
            self.all(cmds)
        };
        let sent = stream::iter(writes.chunks(CHUNK).map(chunk)).buffered(AT_ONCE);
        sent.try_for_each(|_| std::future::ready(Ok(()))).await?;
        if self.link.is_another_server() {
            let why = "another server answers: what the last one confirmed may be missing";
            return Err(CacheError(why.to_owned()));
        }
        Ok(())
    }

    async fn read(
        &self,
        key: &SessionKey,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<CacheRead, CacheError> {
        match self.one(commands::read(key, epoch, mark)).await? {
            Value::Array(fields) => Ok(CacheRead::Hit(parts_of(key, &fields)?)),
            other => Ok(CacheRead::Miss(mark_of(other)?)),
        }
    }

    async fn fill(
        &self,
        key: &SessionKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[SessionPart],
    ) -> Result<bool, CacheError> {
        let answer = self.one(commands::fill(key, mark, epoch, parts, now_secs())).await?;
        is_done(&answer)
    }

    async fn rank(
        &self,
        shard: &ShardKey,
        top: u32,
        epoch: u64,
        mark: &FillMark,
    ) -> Result<RankRead, CacheError> {
        match self.one(commands::rank(shard, top, epoch, mark)).await? {
            Value::Array(pairs) => Ok(RankRead::Hit(members_of(&pairs)?)),
            Value::Int(0) => Ok(RankRead::Busy),
            other => Ok(RankRead::Miss(mark_of(other)?)),
        }
    }

    async fn fill_shard(
        &self,
        shard: &ShardKey,
        mark: &FillMark,
        epoch: u64,
        parts: &[ScorePart],
    ) -> Result<bool, CacheError> {
        let (steps, last) = match parts.len().checked_sub(1) {
            Some(index) => parts.split_at(index / STEP * STEP),
            None => (parts, parts),
        };
        for step in steps.chunks(STEP) {
            if !is_done(&self.one(commands::fill_shard(shard, mark, None, step)).await?)? {
                return Ok(false);
            }
        }
        is_done(&self.one(commands::fill_shard(shard, mark, Some(epoch), last)).await?)
    }
}

/// The time, epoch seconds.
fn now_secs() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The answers to a pipeline's commands; the first one's error if any of them is one.
async fn answers(mut connection: Connection, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
    let mut values = sent(&mut connection, pipeline).await?;
    if values.iter().any(is_unknown_script) {
        // The server is a new one, or somebody emptied its scripts. All of them are repeatable;
        // those that it did not run are repeated.
        load(&mut connection).await?;
        let mut again = Pipeline::with_capacity(values.len());
        let asked = pipeline.cmd_iter().zip(&values);
        asked.filter(|(_, value)| is_unknown_script(value)).for_each(|(cmd, _)| {
            again.add_command(cmd.clone());
        });
        let mut repeated = sent(&mut connection, &again).await?.into_iter();
        for value in values.iter_mut().filter(|value| is_unknown_script(value)) {
            *value = repeated.next().unwrap_or(Value::Nil);
        }
    }
    values.into_iter().map(Value::extract_error).collect()
}

/// One server takes them in one go; in a cluster each finds the node of its key by itself.
async fn sent(connection: &mut Connection, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
    match connection {
        Connection::Single(one) => one.req_packed_commands(pipeline, 0, pipeline.len()).await,
        Connection::Cluster(cluster) => {
            let each = pipeline.cmd_iter().map(|cmd| {
                let mut cluster = cluster.clone();
                async move { cluster.req_packed_command(cmd).await }
            });
            join_all(each).await.into_iter().collect()
        }
    }
}

/// Gives the server, or every node, the scripts.
async fn load(connection: &mut Connection) -> RedisResult<()> {
    for kind in Kind::ALL {
        let mut cmd = redis::cmd("SCRIPT");
        cmd.arg("LOAD").arg(kind.text());
        let answer = match connection {
            Connection::Single(one) => one.req_packed_command(&cmd).await?,
            Connection::Cluster(cluster) => cluster.req_packed_command(&cmd).await?,
        };
        answer.extract_error()?;
    }
    Ok(())
}

fn is_unknown_script(value: &Value) -> bool {
    let Value::ServerError(error) = value else { return false };
    error.kind() == Some(ServerErrorKind::NoScript)
}

/// Whether the connection is of no use any more. A server that has become a replica keeps its
/// connections: the name leads to another one by now.
fn is_broken(error: &RedisError) -> bool {
    let is_replica = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
    error.is_unrecoverable_error() || error.is_io_error() || is_replica
}

/// An answer that no script gives.
fn strange() -> CacheError {
    CacheError("an answer that cannot be read".to_owned())
}

fn is_done(answer: &Value) -> Result<bool, CacheError> {
    match answer {
        Value::Int(done) => Ok(*done == 1),
        _ => Err(strange()),
    }
}

fn mark_of(answer: Value) -> Result<FillMark, CacheError> {
    let Value::BulkString(bytes) = answer else { return Err(strange()) };
    String::from_utf8(bytes).map(FillMark).map_err(|_| strange())
}

/// Names and values by turns.
fn pairs_of(answer: &[Value]) -> impl Iterator<Item = Result<(&[u8], &[u8]), CacheError>> {
    answer.chunks(2).map(|pair| match pair {
        [Value::BulkString(name), Value::BulkString(value)] => Ok((&**name, &**value)),
        _ => Err(strange()),
    })
}

fn parts_of(key: &SessionKey, answer: &[Value]) -> Result<Vec<SessionPart>, CacheError> {
    let unreadable = |what| CacheError(format!("a part that cannot be read: {what}"));
    let read = |pair: Result<(&[u8], &[u8]), _>| {
        pair.and_then(|(field, value)| part_of(key, field, value).map_err(unreadable)).transpose()
    };
    pairs_of(answer).filter_map(read).collect()
}

fn members_of(answer: &[Value]) -> Result<Vec<(BoardWord, i64)>, CacheError> {
    let member = |pair: Result<(&[u8], &[u8]), CacheError>| {
        let (name, score) = pair?;
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| strange());
        let score = text(score)?.parse::<f64>().map_err(|_| strange())?;
        let name = BoardWord::new(text(name)?).map_err(|_| strange())?;
        // A whole number below 2^53.
        Ok((name, score as i64))
    };
    pairs_of(answer).map(member).collect()
}
