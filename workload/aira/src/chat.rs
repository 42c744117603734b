//! `POST /chat`: an answer, token by token, as server-sent events.
//!
//! The status waits for the first token: a model that does not answer is a plain 502, 503 or 504,
//! and a load balancer's response time is the time to the first token. After it: `data: {"text"}`
//! for each token, then `event: done` once the turn is in the history, or `event: error`.
//!
//! What must stay true: after `done` the turn is found by every later read; who leaves frees the
//! place at once; who asks again with the same turn's id gets the same answer.

use crate::app::App;
use crate::around::RequestId;
use crate::gate::{Denied, Permit};
use crate::history::{self, LONGEST_ANSWER, LONGEST_QUESTION, Turn};
use crate::http::{Problem, signed_in};
use crate::log::{self, Level};
use crate::metrics::Refused;
use crate::model::{ModelFault, Tokens};
use crate::store::{Fields, StoreFault};
use axum::body::Body;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Tokens that wait for a slow reader.
const AHEAD: usize = 32;
/// While the model is silent, a comment so often: nothing on the way takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What is sent.
#[derive(Deserialize)]
pub struct Ask {
    turn: String,
    question: String,
}

/// An answer that runs. Whatever ends it, its place is free again.
struct Running {
    app: Arc<App>,
    request: String,
    _permit: Permit,
    begun: Instant,
    token: String,
    fields: Fields,
    turn: Turn,
    events: mpsc::Sender<Bytes>,
}

/// Why an answer ended before its end.
enum Stop {
    Left,
    Model(ModelFault),
    Store(StoreFault),
}

/// The route.
pub async fn chat(
    State(app): State<Arc<App>>,
    Extension(RequestId(request)): Extension<RequestId>,
    headers: HeaderMap,
    ask: Result<Json<Ask>, JsonRejection>,
) -> Result<Response, Problem> {
    let begun = Instant::now();
    let Json(Ask { turn: id, question }) = ask.map_err(|_| Problem::Bad("not_a_question"))?;
    let question = question.trim().to_owned();
    if question.is_empty() || question.len() > LONGEST_QUESTION || !history::is_id(&id) {
        return Err(Problem::Bad("not_a_question"));
    }
    // Before the store is asked: who is refused costs nobody anything.
    let permit = app.gate.enter().map_err(|denied| refuse(&app, denied))?;
    let (token, fields) = signed_in(&app, &headers).await?;
    if let Some(turn) = history::turns(&fields).into_iter().find(|turn| turn.id == id) {
        return Ok(said_before(&turn));
    }
    let (first, tokens) =
        begin(&app, &fields, &question).await.map_err(|f| failed(&app, &request, &f))?;
    app.metrics.first_token.observe(begun.elapsed());
    let (events, received) = mpsc::channel(AHEAD);
    let turn = Turn { id, at: crate::now_millis(), question, answer: String::new() };
    let running = Running { app, request, _permit: permit, begun, token, fields, turn, events };
    tokio::spawn(running.run(first, tokens));
    Ok(streamed(received))
}

/// The model's first token. An answer of no token at all is none.
async fn begin(app: &App, fields: &Fields, question: &str) -> Result<(String, Tokens), ModelFault> {
    let both = async {
        let mut tokens = app.model.ask(&history::told(fields), question).await?;
        let nothing = || ModelFault::Failed("it says nothing".to_owned());
        Ok((tokens.next().await?.ok_or_else(nothing)?, tokens))
    };
    let late = |_| Err(ModelFault::Slow);
    tokio::time::timeout(app.settings.limits.first_token, both).await.unwrap_or_else(late)
}

impl Running {
    async fn run(mut self, first: String, tokens: Tokens) {
        let left = self.app.settings.limits.answer.saturating_sub(self.begun.elapsed());
        let late = |_| Err(Stop::Model(ModelFault::Slow));
        let end = tokio::time::timeout(left, self.speak(first, tokens)).await.unwrap_or_else(late);
        match end {
            Ok(()) => {
                self.app.metrics.answer.observe(self.begun.elapsed());
                let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                log::line(Level::Info, "answered", json!({ "request_id": self.request, "ms": ms }));
                let _ = self.events.send(event("done", &json!({ "turn": self.turn.id }))).await;
            }
            Err(stop) => self.tell(stop),
        }
    }

    /// All tokens, and then the history.
    async fn speak(&mut self, first: String, mut tokens: Tokens) -> Result<(), Stop> {
        self.say(first).await?;
        while self.turn.answer.len() < LONGEST_ANSWER {
            match self.next(&mut tokens).await? {
                Some(text) => self.say(text).await?,
                None => break,
            }
        }
        let change = history::remember(&self.fields, &self.turn);
        let set = Fields::from([change.set]);
        let kept = self.app.sessions.update(&self.token, set, change.remove).await;
        kept.map(|_| ()).map_err(Stop::Store)
    }

    /// The model's next token, unless the reader leaves or the model is silent for too long.
    async fn next(&self, tokens: &mut Tokens) -> Result<Option<String>, Stop> {
        let patience = tokio::time::sleep(self.app.settings.limits.first_token);
        let mut beat = tokio::time::interval_at((Instant::now() + KEEP_ALIVE).into(), KEEP_ALIVE);
        let next = tokens.next();
        tokio::pin!(patience, next);
        loop {
            tokio::select! {
                token = &mut next => return token.map_err(Stop::Model),
                () = self.events.closed() => return Err(Stop::Left),
                () = &mut patience => return Err(Stop::Model(ModelFault::Slow)),
                _ = beat.tick() => self.send(Bytes::from_static(b": still here\n\n")).await?,
            }
        }
    }

    async fn say(&mut self, text: String) -> Result<(), Stop> {
        self.app.metrics.tokens.fetch_add(1, Relaxed);
        let data = format!("data: {}\n\n", json!({ "text": text }));
        self.turn.answer.push_str(&text);
        self.send(Bytes::from(data)).await
    }

    async fn send(&self, event: Bytes) -> Result<(), Stop> {
        self.events.send(event).await.map_err(|_| Stop::Left)
    }

    /// What the reader and the operator hear of an answer that broke off.
    fn tell(&self, stop: Stop) {
        let id = &self.request;
        let (reason, why) = match stop {
            Stop::Left => {
                return log::line(Level::Info, "the reader left", json!({ "request_id": id }));
            }
            Stop::Model(fault) => ("model", fault.to_string()),
            Stop::Store(StoreFault::Gone) => ("signed_out", "the session has ended".to_owned()),
            Stop::Store(fault) => ("not_kept", fault.to_string()),
        };
        let fields = json!({ "request_id": id, "reason": reason, "why": why });
        log::line(Level::Error, "an answer broke off", fields);
        // A reader who takes nothing any more would keep us here.
        let _ = self.events.try_send(event("error", &json!({ "reason": reason })));
    }
}

fn refuse(app: &App, denied: Denied) -> Problem {
    let (reason, refused) = match denied {
        Denied::Full => ("full", Refused::Full),
        Denied::Draining => ("draining", Refused::Draining),
    };
    app.metrics.refused(refused);
    Problem::Refused(reason, app.gate.retry_after())
}

fn failed(app: &App, request: &str, fault: &ModelFault) -> Problem {
    let why = fault.to_string();
    log::line(Level::Warn, "no answer", json!({ "request_id": request, "why": why }));
    match fault {
        ModelFault::Busy(seconds) => {
            app.metrics.refused(Refused::Upstream);
            Problem::Refused("model_busy", seconds.unwrap_or_else(|| app.gate.retry_after()))
        }
        ModelFault::Slow => Problem::Failed(StatusCode::GATEWAY_TIMEOUT, "model_slow"),
        ModelFault::Failed(_) | ModelFault::Cut => {
            Problem::Failed(StatusCode::BAD_GATEWAY, "model")
        }
    }
}

fn event(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

fn said_before(turn: &Turn) -> Response {
    let text = format!("data: {}\n\n", json!({ "text": turn.answer }));
    let mut body = text.into_bytes();
    body.extend_from_slice(&event("done", &json!({ "turn": turn.id })));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn streamed(mut received: mpsc::Receiver<Bytes>) -> Response {
    let events = stream::poll_fn(move |context| {
        received.poll_recv(context).map(|event| event.map(Ok::<_, Infallible>))
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}
