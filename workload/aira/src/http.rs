//! The routes, and what is common to all of them: who is signed in, and how an answer that is no
//! page and no stream looks.

use crate::app::App;
use crate::gate::Phase;
use crate::store::{Fields, StoreFault};
use crate::{around, chat, login, page};
use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, COOKIE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::sync::Arc;

/// Every route, for the metric's label too: a path that is none of them counts as `other`.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/style.css", get(page::style))
        .route("/app.js", get(page::script))
        .route("/config.js", get(page::config))
        .route("/login", post(login::login))
        .route("/logout", post(login::logout))
        .route("/history", get(login::history))
        .route("/chat", post(chat::chat))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), around::around))
        .with_state(app)
}

/// Why a request did not get what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// What was sent is not what is asked for.
    Bad(&'static str),
    /// Nobody is signed in, or not any more.
    SignedOut,
    /// The name and the code do not fit.
    WrongCode,
    /// Another site's page sent it.
    Foreign,
    /// Not now; after so many seconds.
    Refused(&'static str, u64),
    /// The store or the model did not do its part.
    Failed(StatusCode, &'static str),
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Self::Bad(what) => (StatusCode::BAD_REQUEST, what),
            Self::SignedOut => (StatusCode::UNAUTHORIZED, "signed_out"),
            Self::WrongCode => (StatusCode::UNAUTHORIZED, "wrong_code"),
            Self::Foreign => (StatusCode::FORBIDDEN, "foreign_origin"),
            Self::Refused(reason, _) => (StatusCode::SERVICE_UNAVAILABLE, reason),
            Self::Failed(status, what) => (status, what),
        };
        let mut response = json_answer(status, &json!({ "error": reason }));
        if let Self::Refused(_, seconds) = self {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<StoreFault> for Problem {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::Gone => Self::SignedOut,
            StoreFault::Unavailable(_) => Self::Failed(StatusCode::BAD_GATEWAY, "store"),
        }
    }
}

/// JSON with a status.
pub fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// The name of the session's cookie. With `__Host-` a browser takes it only over TLS, for this host.
pub fn cookie_name(app: &App) -> &'static str {
    if app.settings.insecure_cookie { "aira" } else { "__Host-aira" }
}

/// The session's token, when the request has one.
pub fn token_of(app: &App, headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|line| line.split(';')).filter_map(|p| p.trim().split_once('='));
    let token = pairs.find(|(name, _)| *name == cookie_name(app))?.1;
    let plain = token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| token.to_owned())
}

/// The token and the fields of whoever is signed in.
///
/// # Errors
/// Nobody is; the store does not answer.
pub async fn signed_in(app: &App, headers: &HeaderMap) -> Result<(String, Fields), Problem> {
    let token = token_of(app, headers).ok_or(Problem::SignedOut)?;
    let fields = app.sessions.get(&token).await?.ok_or(Problem::SignedOut)?;
    Ok((token, fields))
}

/// Shallow: the process answers. The load balancer replaces an instance that does not.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Deep: whether this instance wants requests. Only its own state fails it. A dependency that all
/// instances share is told, as it was last known, and fails none: otherwise one slow table would
/// take away every instance at once.
async fn readyz(State(app): State<Arc<App>>) -> Response {
    let phase = app.gate.phase();
    let (status, state) = match phase {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Phase::Open => (StatusCode::OK, "ready"),
        Phase::Leaving | Phase::Closed => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
    };
    let known = app.sessions.known();
    let store = match known {
        None => "unknown",
        Some(known) if known.answers => "answers",
        Some(_) => "fails",
    };
    let age = known.map(|known| known.at.elapsed().as_secs());
    let body = json!({
        "state": state, "running": app.gate.running(), "limit": app.gate.limit(),
        "store": store, "store_age_seconds": age,
    });
    json_answer(status, &body)
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let page = app.metrics.page(app.gauges());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response()
}
