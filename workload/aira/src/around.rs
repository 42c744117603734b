//! What happens around every route: a request's id, its body read whole within a bound and a time,
//! who may send it, the count, the line in the log, the headers that keep a browser careful.

use crate::app::App;
use crate::gate::Phase;
use crate::http::Problem;
use crate::log::{self, Level};
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes of a request's body: a question with its escapes.
const MOST_BODY: usize = 16 * 1024;
/// Longest wait for a body.
const BODY_WAIT: Duration = Duration::from_secs(10);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Nothing but our own files runs, and nobody frames the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A request's number in this process; the process's own part is its start.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// What a request is called in the log.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The middleware.
pub async fn around(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "other".to_owned());
    let origin = allowed_origin(&app, request.headers());
    let mut response = match serve(&app, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    add_headers(&app, response.headers_mut(), origin);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let code = response.status().as_u16();
    app.metrics.request(&route, code);
    let is_look = matches!(route.as_str(), "/healthz" | "/readyz" | "/metrics");
    if !is_look {
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let level = if code >= 500 && code != 503 { Level::Error } else { Level::Info };
        let (method, route) = (method.as_str(), route.as_str());
        let fields = json!({
            "request_id": id, "method": method, "route": route, "code": code, "ms": ms
        });
        log::line(level, "request", fields);
    }
    response
}

/// The route's answer to a request whose body is there.
async fn serve(app: &App, request: Request, next: Next) -> Result<Response, Problem> {
    if request.method() == Method::OPTIONS {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    if request.method() == Method::POST && !is_own(app, request.headers()) {
        return Err(Problem::Foreign);
    }
    let (parts, body) = request.into_parts();
    let late = |_| Problem::Failed(StatusCode::REQUEST_TIMEOUT, "body_too_slow");
    let body = tokio::time::timeout(BODY_WAIT, to_bytes(body, MOST_BODY)).await.map_err(late)?;
    let long = |_| Problem::Failed(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large");
    let body = body.map_err(long)?;
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

/// Whether the page that sent it is ours: of this host, or the one that is deployed apart. Programs
/// say no origin; browsers always do.
fn is_own(app: &App, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host);
    own || app.settings.web_origin.as_deref() == Some(origin)
}

/// The origin that may read the answer with cookies, when it asks.
fn allowed_origin(app: &App, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let allowed = app.settings.web_origin.as_deref()?;
    (origin.as_bytes() == allowed.as_bytes()).then(|| origin.clone())
}

fn add_headers(app: &App, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if app.gate.phase() > Phase::Open {
        // Whoever keeps the connection would otherwise come back by it.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if app.settings.web_origin.is_some() {
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = origin {
        let yes = HeaderValue::from_static("true");
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        let names = HeaderValue::from_static("content-type");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        headers
            .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    }
}

/// Unique among the instances' logs for all that is asked of it: the process's start in
/// microseconds, and a number.
fn request_id() -> String {
    static START: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let start = START.get_or_init(crate::now_micros);
    format!("{start:x}-{:x}", NUMBER.fetch_add(1, Ordering::Relaxed))
}
