//! The page, as workload/web has it: built in, so that one program is enough. The same files can be
//! put on any web server; `config.js` then names the service.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// `/`
pub async fn index() -> Response {
    file("text/html; charset=utf-8", include_str!("../../web/index.html"))
}

/// `/style.css`
pub async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("../../web/style.css"))
}

/// `/app.js`
pub async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("../../web/app.js"))
}

/// `/config.js`
pub async fn config() -> Response {
    file("text/javascript; charset=utf-8", include_str!("../../web/config.js"))
}

/// A new release's files must not meet the old one's.
fn file(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text).into_response()
}
