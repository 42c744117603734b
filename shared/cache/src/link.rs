//! The connection: made when it is first needed, kept, and made anew when it is lost.
//!
//! What must stay true: nothing is connected to before the first call; there is one attempt at a
//! time, however many callers wait, and it goes on when they have given up; between attempts that
//! come to nothing lies a pause that grows; a connection that has not answered in time is not used
//! again (the peer may be gone without a word), and what it still does is harmless; that another
//! server answers than before is told once, because replicas take over without the last writes.

use crate::login::Login;
use crate::url::CacheUrl;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::aio::MultiplexedConnection;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use redis::{ErrorKind, RedisError, RedisResult, TlsCertificates};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tidegate_domain::sessions::ports::CacheError;
use tokio::time::Instant;

/// What a refused password is told with: whoever has it from somewhere can read it again.
pub const LOGIN_REFUSED: &str = "the login was refused";
/// The first pause between attempts; the next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause: how late we notice that the server is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A call of the port, or each [`crate::CHUNK`] writes of a batch.
    pub budget: Duration,
    /// An attempt to connect, with TLS, login and (in cluster mode) the nodes' slots. It goes on
    /// beyond the budget of the call that began it.
    pub connect: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { budget: Duration::from_millis(200), connect: Duration::from_secs(2) }
    }
}

/// A connection that can be used by several callers at once.
#[derive(Clone)]
pub(crate) enum Connection {
    /// To the one server that has all keys.
    Single(MultiplexedConnection),
    /// To the nodes of a cluster.
    Cluster(ClusterConnection),
}

/// A connection with its number: who loses it names the one that he had.
#[derive(Clone)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) connection: Connection,
}

/// What came of an attempt, and when.
type Opened = Result<Made, (CacheError, Instant)>;
type Opening = Shared<BoxFuture<'static, Opened>>;

enum State {
    Down { since: Option<Instant> },
    Opening(Opening),
    Up(Connection),
}

/// A connection that came to be.
#[derive(Clone)]
struct Made {
    connection: Connection,
    /// What the server calls its process; none in a cluster, or where it does not say.
    server: Option<String>,
}

struct Inner {
    state: State,
    /// The process that answered last, as far as it is known.
    server: Option<String>,
    /// Another process answers since the last one that was told.
    is_another: bool,
    /// Counts connections.
    number: u64,
    /// Attempts and connections since a call last had an answer.
    vain: u32,
}

/// The way to one cache.
pub(crate) struct Link {
    url: CacheUrl,
    login: Option<Login>,
    authority: Option<Vec<u8>>,
    limits: Limits,
    inner: Mutex<Inner>,
}

impl Link {
    pub(crate) fn new(url: CacheUrl, login: Option<Login>, limits: Limits) -> Self {
        let state = State::Down { since: None };
        let inner = Inner { state, server: None, is_another: false, number: 0, vain: 0 };
        Self { url, login, authority: None, limits, inner: Mutex::new(inner) }
    }

    pub(crate) fn trust(&mut self, pem: Vec<u8>) {
        self.authority = Some(pem);
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// The connection, or the one that is made now.
    pub(crate) async fn connection(&self) -> Result<Numbered, CacheError> {
        let opening = {
            let mut inner = self.lock();
            inner.look();
            match &inner.state {
                State::Up(connection) => return Ok(inner.numbered(connection.clone())),
                State::Opening(opening) => opening.clone(),
                State::Down { since } => {
                    if since.is_some_and(|since| since.elapsed() < pause(inner.vain)) {
                        return Err(CacheError("not connected, and tried a moment ago".into()));
                    }
                    let opening = self.open()?;
                    inner.state = State::Opening(opening.clone());
                    opening
                }
            }
        };
        let opened = opening.clone().await;
        let mut inner = self.lock();
        // The first of those who waited says what came of it.
        if matches!(&inner.state, State::Opening(now) if now.ptr_eq(&opening)) {
            inner.settle(&opened);
        }
        match opened {
            Ok(made) => Ok(inner.numbered(made.connection)),
            Err((error, _)) => Err(error),
        }
    }

    /// Whether another server answers than before, once: what the last one confirmed may be lost.
    pub(crate) fn is_another_server(&self) -> bool {
        std::mem::take(&mut self.lock().is_another)
    }

    /// A call had an answer: the next loss is followed by an attempt at once.
    pub(crate) fn answered(&self) {
        self.lock().vain = 0;
    }

    /// This connection is not to be used again.
    pub(crate) fn lost(&self, number: u64) {
        let mut inner = self.lock();
        if inner.number == number && matches!(inner.state, State::Up(_)) {
            inner.state = State::Down { since: Some(Instant::now()) };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it is held.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an attempt that goes on whoever waits for it.
    fn open(&self) -> Result<Opening, CacheError> {
        let info = self.info().map_err(|e| said(&e))?;
        let attempt = attempt(info, self.url.cluster, self.authority.clone(), self.limits);
        let attempt = tokio::time::timeout(self.limits.connect, attempt);
        let attempt = async move {
            let came = match attempt.await {
                Ok(Ok(made)) => Ok(made),
                Ok(Err(error)) => Err(said(&error)),
                Err(_) => Err(CacheError("no connection in time".into())),
            };
            came.map_err(|error| (error, Instant::now()))
        };
        let ended = || (CacheError("the attempt to connect was ended".into()), Instant::now());
        let task = tokio::spawn(attempt).map(move |done| done.unwrap_or_else(|_| Err(ended())));
        Ok(task.boxed().shared())
    }

    fn info(&self) -> RedisResult<ConnectionInfo> {
        let CacheUrl { host, port, tls, .. } = &self.url;
        let address = if *tls {
            // The process's provider of cryptography; the one that is there stays.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let host = host.clone();
            ConnectionAddr::TcpTls { host, port: *port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host.clone(), *port)
        };
        let tcp = redis::io::tcp::TcpSettings::default().set_nodelay(true);
        let info = address.into_connection_info()?.set_tcp_settings(tcp);
        Ok(info.set_redis_settings(Login::settings(self.login.as_ref())))
    }
}

impl Inner {
    /// Takes note of an attempt that came to its end while nobody waited for it.
    fn look(&mut self) {
        if let State::Opening(opening) = &self.state
            && let Some(opened) = opening.clone().now_or_never()
        {
            self.settle(&opened);
        }
    }

    fn settle(&mut self, opened: &Opened) {
        self.vain = self.vain.saturating_add(1);
        self.number = self.number.wrapping_add(1);
        self.state = match opened {
            Ok(made) => {
                self.answers(made.server.as_deref());
                State::Up(made.connection.clone())
            }
            Err((_, at)) => State::Down { since: Some(*at) },
        };
    }

    fn answers(&mut self, server: Option<&str>) {
        let Some(server) = server else { return };
        let last = self.server.replace(server.to_owned());
        self.is_another |= last.is_some_and(|last| last != server);
    }

    fn numbered(&self, connection: Connection) -> Numbered {
        Numbered { number: self.number, connection }
    }
}

async fn attempt(
    info: ConnectionInfo,
    cluster: bool,
    authority: Option<Vec<u8>>,
    limits: Limits,
) -> RedisResult<Made> {
    let authority = authority.map(|pem| TlsCertificates { client_tls: None, root_cert: Some(pem) });
    if cluster {
        let mut builder = redis::cluster::ClusterClientBuilder::new([info])
            .connection_timeout(limits.connect)
            .response_timeout(limits.budget)
            .overall_response_timeout(None)
            .retries(3)
            .min_retry_wait(10)
            .max_retry_wait(50);
        if let Some(authority) = authority {
            builder = builder.certs(authority);
        }
        let connection = builder.build()?.get_async_connection().await?;
        return Ok(Made { connection: Connection::Cluster(connection), server: None });
    }
    // Time is kept by whoever calls.
    let config =
        AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    let client = match authority {
        Some(authority) => Client::build_with_tls(info, authority)?,
        None => Client::open(info)?,
    };
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    // A user who may not ask does without.
    let told: RedisResult<String> =
        redis::cmd("INFO").arg("server").query_async(&mut connection).await;
    let server = told.ok().and_then(|info| run_id(&info));
    Ok(Made { connection: Connection::Single(connection), server })
}

/// The random name that a server's process gives itself.
/// <https://redis.io/docs/latest/commands/info/>
fn run_id(info: &str) -> Option<String> {
    let id = info.lines().find_map(|line| line.strip_prefix("run_id:"))?.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// How long to wait after so many attempts in vain: none after the first, then twice as long each
/// time, each client somewhere in the upper half, so that they do not come at once.
fn pause(vain: u32) -> Duration {
    let Some(doublings) = vain.checked_sub(1) else { return Duration::ZERO };
    let whole = FIRST_PAUSE.saturating_mul(1 << doublings.min(10)).min(LONGEST_PAUSE);
    // Keyed at random, anew each time.
    let random = RandomState::new().build_hasher().finish();
    let part = u32::try_from(random % 512).unwrap_or(0);
    whole.saturating_mul(512 + part) / 1024
}

/// What went wrong, in words that hold nothing of what was sent: the server's own words can.
pub(crate) fn said(error: &RedisError) -> CacheError {
    // A cluster's client wraps it, with its words alone.
    let is_login = error.kind() == ErrorKind::AuthenticationFailed
        || ["WRONGPASS", "AuthenticationFailed"].iter().any(|w| error.to_string().contains(w));
    let code = error.code().filter(|code| code.chars().all(|c| c.is_ascii_uppercase()));
    CacheError(match code {
        _ if is_login => LOGIN_REFUSED.to_owned(),
        Some(code) => format!("the server said {code}"),
        None if error.is_connection_refusal() => "connection refused".to_owned(),
        None => error.category().to_owned(),
    })
}
