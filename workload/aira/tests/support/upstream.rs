//! A fake of an OpenAI-compatible endpoint: takes one request a connection, keeps it, and does what
//! the test says.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What it does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answers with these tokens and a proper end.
    Answer(Vec<&'static str>),
    /// Says some, then closes.
    Cut(Vec<&'static str>),
    /// Says some, then tells an error.
    Err(Vec<&'static str>),
    /// Says some, then nothing for ever.
    Hang(Vec<&'static str>),
    /// Answers with this head only, such as `429 Too Many Requests`.
    Refuse(&'static str),
    /// Takes the request and says nothing at all.
    Silent,
}

/// The endpoint.
pub struct Upstream {
    pub base: String,
    pub asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Upstream {
    pub fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (act, seen) = (act.clone(), Arc::clone(&seen));
                thread::spawn(move || talk(stream, act, &seen));
            }
        });
        Self { base, asked }
    }
}

fn talk(mut stream: TcpStream, act: Act, seen: &Mutex<Vec<(String, Value)>>) {
    let (head, body) = read(&mut stream);
    seen.lock().unwrap().push((head, body));
    let (tokens, end) = match act {
        Act::Answer(ref tokens) => (tokens.clone(), "data: [DONE]\n\n"),
        Act::Cut(ref tokens) | Act::Hang(ref tokens) => (tokens.clone(), ""),
        Act::Err(ref tokens) => (tokens.clone(), "data: {\"error\":{\"message\":\"canary\"}}\n\n"),
        Act::Refuse(status) => {
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            return stream.write_all(head.as_bytes()).unwrap();
        }
        Act::Silent => return thread::sleep(Duration::from_secs(60)),
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // Whoever has heard enough closes.
    for token in tokens {
        let chunk = serde_json::json!({ "choices": [{ "delta": { "content": token } }] });
        if stream.write_all(format!("data: {chunk}\n\n").as_bytes()).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = stream.write_all(end.as_bytes());
    if matches!(act, Act::Hang(_)) {
        thread::sleep(Duration::from_secs(60));
    }
}

/// The request's head and its JSON.
fn read(stream: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let n = stream.read(&mut piece).unwrap();
        bytes.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            return (head.to_owned(), body);
        }
        assert!(n > 0, "the request broke off");
    }
}
