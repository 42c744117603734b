//! A running service on a port of its own, a browser with a cookie, and a fake of an OpenAI-compatible
//! endpoint that does what it is told.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

pub mod upstream;

use aira::app::App;
use aira::memory::Memory;
use aira::model::{Embedded, Model, OpenAi};
use aira::server::{self, Left};
use aira::settings::{Settings, Timing};
use aira::store::Store;
use aira::ticket::Key;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, COOKIE, RETRY_AFTER, SET_COOKIE};
use hyper::{HeaderMap, Request, Response};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const KEY: &[u8] = b"a key for tests only";

/// Quick enough for a test, slow enough to be seen running.
pub const QUICK: Timing =
    Timing { seed: 7, first: Duration::from_millis(5), token: Duration::from_millis(1) };
pub const STEADY: Timing =
    Timing { seed: 7, first: Duration::from_millis(20), token: Duration::from_millis(15) };

/// What was logged by all services of this test.
pub static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What a service is made of.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub model: Model,
    pub env: Vec<(&'static str, String)>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            store: Arc::new(Memory::new(Duration::from_secs(60))),
            model: Model::Embedded(Embedded::new(QUICK)),
            env: Vec::new(),
        }
    }
}

impl Parts {
    pub fn paced(timing: Timing) -> Self {
        Self { model: Model::Embedded(Embedded::new(timing)), ..Self::default() }
    }

    pub fn asking(base: &str) -> Self {
        let model = OpenAi::new(&format!("{base}/v1"), "test-model", Some("sk-test")).unwrap();
        Self { model: Model::OpenAi(Box::new(model)), ..Self::default() }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.to_owned()));
        self
    }

    pub async fn start(self) -> Service {
        aira::log::divert(|line| LOG.lock().unwrap().push(line.to_owned()));
        let mut env = vec![
            ("AIRA_KEY", "unused".to_owned()),
            ("AIRA_STORE", "memory".to_owned()),
            ("AIRA_INSECURE_COOKIE", "1".to_owned()),
        ];
        env.extend(self.env);
        let of = |name: &str| env.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
        let settings = Settings::read(of).unwrap();
        let app = App::with(settings, Key::new(KEY).unwrap(), self.store, self.model);
        let app = Arc::new(app);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (leave, left) = oneshot::channel::<()>();
        let serving = server::serve(Arc::clone(&app), listener, async move {
            let _ = left.await;
        });
        let done = tokio::spawn(serving);
        Service { base, app, leave: Some(leave), done }
    }
}

/// One that runs.
pub struct Service {
    pub base: String,
    pub app: Arc<App>,
    leave: Option<oneshot::Sender<()>>,
    pub done: JoinHandle<Left>,
}

impl Service {
    pub fn browser(&self) -> Browser {
        Browser::at(&self.base)
    }

    pub async fn signed_in(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        assert_eq!(browser.login(name).await.status, 200);
        browser
    }

    /// What a SIGTERM does.
    pub fn leave(&mut self) {
        let _ = self.leave.take().unwrap().send(());
    }

    pub async fn metric(&self, line: &str) -> f64 {
        let page = self.browser().get("/metrics").await.text;
        let value = page.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {line} in\n{page}")).parse().unwrap()
    }
}

pub fn code(name: &str) -> String {
    Key::new(KEY).unwrap().code(name, 1, SystemTime::now()).unwrap()
}

/// A client with a cookie, if it has signed in.
#[derive(Clone)]
pub struct Browser {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
    pub cookie: Option<String>,
}

/// An answer that was read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn retry_after(&self) -> Option<u64> {
        self.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
    }

    /// The tokens and the last event of a stream.
    pub fn said(&self) -> (String, String) {
        let mut said = (String::new(), String::new());
        for block in self.text.split("\n\n") {
            let name = block.lines().find_map(|line| line.strip_prefix("event: "));
            let data = block.lines().find_map(|line| line.strip_prefix("data: "));
            let Some(data) = data else { continue };
            let data: Value = serde_json::from_str(data).unwrap();
            match name {
                None => said.0.push_str(data["text"].as_str().unwrap()),
                Some(name) => said.1 = format!("{name} {}", data["reason"].as_str().unwrap_or("")),
            }
        }
        said.1 = said.1.trim_end().to_owned();
        said
    }
}

impl Browser {
    /// Nobody yet, at this service.
    pub fn at(base: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { base: base.to_owned(), client, cookie: None }
    }

    /// The same browser at another instance.
    pub fn moved_to(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.client.request(request).await.unwrap()
    }

    pub fn request(&self, method: &str, path: &str, body: &str) -> Request<Full<Bytes>> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        let mut request = request.header(CONTENT_TYPE, "application/json");
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap()
    }

    pub async fn read(response: Response<Incoming>) -> Reply {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Reply { status, headers, text: String::from_utf8(body.into()).unwrap() }
    }

    pub async fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        Self::read(self.send(self.request(method, path, body)).await).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, &body.to_string()).await
    }

    pub async fn login(&mut self, name: &str) -> Reply {
        let reply = self.post("/login", &json!({ "name": name, "code": code(name) })).await;
        if let Some(cookie) = reply.headers.get(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        reply
    }

    /// A question, as a new turn; the answer read whole.
    pub async fn ask(&self, question: &str) -> Reply {
        self.post("/chat", &json!({ "turn": new_turn(), "question": question })).await
    }

    /// A question whose answer is only begun.
    pub async fn begin(&self, question: &str) -> Response<Incoming> {
        let body = json!({ "turn": new_turn(), "question": question }).to_string();
        self.send(self.request("POST", "/chat", &body)).await
    }

    /// The answers that are kept.
    pub async fn answers(&self) -> Vec<String> {
        let history = self.get("/history").await;
        assert_eq!(history.status, 200, "{}", history.text);
        let turns = history.json()["turns"].as_array().unwrap().clone();
        turns.iter().map(|turn| turn["answer"].as_str().unwrap().to_owned()).collect()
    }
}

pub fn new_turn() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("turn-{:08}", NUMBER.fetch_add(1, Ordering::Relaxed))
}
