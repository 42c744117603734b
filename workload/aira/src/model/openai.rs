//! The way to an OpenAI-compatible endpoint. TLS by rustls with ring, as the AWS clients have it.

use super::ModelFault;
use super::events::{Lines, Said};
use crate::history::Turn;
use crate::settings::Faults;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;

/// Longest way to the endpoint.
const CONNECT: Duration = Duration::from_secs(5);
/// Tokens of an answer: what the history keeps of one.
const MOST_TOKENS: u32 = 1024;
const SYSTEM: &str = "You are Aira, a friendly assistant. Answer briefly, in the user's language.";

/// The endpoint.
pub struct OpenAi {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    uri: Uri,
    model: String,
    authorization: Option<HeaderValue>,
}

/// An answer on its way.
pub struct Stream {
    body: Incoming,
    lines: Lines,
    said: VecDeque<Said>,
}

impl OpenAi {
    /// An endpoint; talks to nobody.
    ///
    /// # Errors
    /// An address or a key that is none; the system's certificates cannot be read.
    pub fn new(base: &str, model: &str, key: Option<&str>) -> Result<Self, Faults> {
        let fault = |what: &str| Faults(vec![what.to_owned()]);
        let uri = format!("{base}/chat/completions").parse();
        let uri = uri.map_err(|_| fault("OPENAI_BASE_URL is not a URL"))?;
        let bearer = |key: &str| {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
                .map_err(|_| fault("OPENAI_API_KEY cannot be a header"))?;
            value.set_sensitive(true);
            Ok(value)
        };
        let authorization = key.map(bearer).transpose()?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT));
        http.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(|_| fault("OPENAI_BASE_URL: the system's certificates cannot be read"))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new()).build(https);
        Ok(Self { client, uri, model: model.to_owned(), authorization })
    }

    /// Begins to answer.
    ///
    /// # Errors
    /// [`ModelFault`]
    pub async fn ask(&self, told: &[Turn], question: &str) -> Result<Stream, ModelFault> {
        let body = Full::new(Bytes::from(self.body(told, question).to_string()));
        let mut request = Request::post(&self.uri)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "text/event-stream")
            .body(body)
            .map_err(|_| ModelFault::Failed("the request is none".to_owned()))?;
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|_| ModelFault::Failed("it cannot be reached".to_owned()))?;
        match answer.status() {
            StatusCode::OK => Ok(Stream {
                body: answer.into_body(),
                lines: Lines::default(),
                said: VecDeque::new(),
            }),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Err(ModelFault::Busy(retry_after(&answer)))
            }
            // Its body may repeat the question.
            other => Err(ModelFault::Failed(format!("it answers {}", other.as_u16()))),
        }
    }

    fn body(&self, told: &[Turn], question: &str) -> Value {
        let mut messages = vec![json!({ "role": "system", "content": SYSTEM })];
        for turn in told {
            messages.push(json!({ "role": "user", "content": turn.question }));
            messages.push(json!({ "role": "assistant", "content": turn.answer }));
        }
        messages.push(json!({ "role": "user", "content": question }));
        json!({
            "model": self.model, "stream": true, "max_tokens": MOST_TOKENS, "messages": messages
        })
    }
}

impl Stream {
    /// The next token.
    ///
    /// # Errors
    /// [`ModelFault`]
    pub async fn next(&mut self) -> Result<Option<String>, ModelFault> {
        loop {
            match self.said.pop_front() {
                Some(Said::Text(text)) => return Ok(Some(text)),
                Some(Said::Complete) => return Ok(None),
                Some(Said::Fault) => {
                    return Err(ModelFault::Failed("it tells an error".to_owned()));
                }
                None => {}
            }
            // An end without the word for it is no end.
            let frame = self.body.frame().await.ok_or(ModelFault::Cut)?;
            if let Ok(piece) = frame.map_err(|_| ModelFault::Cut)?.into_data() {
                self.said.extend(self.lines.take(&piece));
            }
        }
    }
}

fn retry_after(answer: &Response<Incoming>) -> Option<u64> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}
