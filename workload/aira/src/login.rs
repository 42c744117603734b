//! Signing in, what was said, signing out.

use crate::app::App;
use crate::history;
use crate::http::{Problem, cookie_name, json_answer, signed_in, token_of};
use crate::log::{self, Level};
use crate::store::Fields;
use crate::ticket;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

/// The field that says whose session it is.
pub const USER: &str = "user";

/// What is sent to sign in.
#[derive(Deserialize)]
pub struct Login {
    name: String,
    code: String,
}

/// `POST /login`: begins a session, and puts its token into a cookie that scripts cannot read.
pub async fn login(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    login: Result<Json<Login>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(Login { name, code }) = login.map_err(|_| Problem::Bad("not_a_login"))?;
    app.key.check(&name, &code, SystemTime::now()).map_err(|_| Problem::WrongCode)?;
    let random = |_| Problem::Failed(StatusCode::INTERNAL_SERVER_ERROR, "no_random_numbers");
    let token = ticket::token().map_err(random)?;
    let fields = Fields::from([(USER.to_owned(), name.clone())]);
    app.sessions.create(&token, fields, app.settings.session).await?;
    app.metrics.started.fetch_add(1, Relaxed);
    // The session that this browser had is not left lying about.
    if let Some(old) = token_of(&app, &headers)
        && app.sessions.end(&old).await.is_err()
    {
        log::line(Level::Warn, "the session before was not ended", json!({}));
    }
    let mut response = json_answer(StatusCode::OK, &json!({ "name": name }));
    set_cookie(&app, &mut response, &token, app.settings.session.as_secs());
    Ok(response)
}

/// `GET /history`: who is signed in, and the turns that are kept; lets the session live on.
pub async fn history(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    let (token, fields) = signed_in(&app, &headers).await?;
    app.sessions.touch(&token).await?;
    let turns = history::turns(&fields);
    let body = json!({ "name": fields.get(USER), "turns": turns });
    Ok(json_answer(StatusCode::OK, &body))
}

/// `POST /logout`: ends the session, in every region and for good. The cookie goes only when the
/// store has said so: otherwise the user would believe to be out.
pub async fn logout(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = token_of(&app, &headers) {
        app.sessions.end(&token).await?;
        app.metrics.ended.fetch_add(1, Relaxed);
    }
    let mut response = json_answer(StatusCode::OK, &json!({}));
    set_cookie(&app, &mut response, "", 0);
    Ok(response)
}

fn set_cookie(app: &App, response: &mut Response, token: &str, seconds: u64) {
    let name = cookie_name(app);
    let secure = if app.settings.insecure_cookie { "" } else { "; Secure" };
    let cookie =
        format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().insert(SET_COOKIE, value);
    }
}
