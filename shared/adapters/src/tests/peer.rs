//! A tiny HTTP peer: a thread that answers from a script and keeps what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a peer was asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `x-amz-target`, or the path, or the body's beginning: whatever names the call.
    pub(crate) call: String,
    pub(crate) body: String,
}

/// What it answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A status and a body.
    Http(u16, &'static str, Vec<u8>),
    /// Closes the connection: the answer is lost.
    Lost,
}

/// A peer; its threads end with the test process.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Peer {
    /// Answers the n-th request with the n-th answer, the last one again and again.
    pub(crate) fn answering(script: Vec<Answer>) -> Self {
        let nth = move |n: usize, _: &Request| script.get(n).or(script.last()).unwrap().clone();
        Self::serving(nth)
    }

    /// Answers each request by what it says.
    pub(crate) fn by_request(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::serving(move |_, request| answer(request))
    }

    fn serving(answer: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Self {
        let (listener, url) = listen();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { url, asked }
    }

    /// Accepts, and never answers; counts the connections as requests.
    pub(crate) fn silent() -> Self {
        let (listener, url) = listen();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming().flatten() {
                kept.push(stream);
                log.lock().unwrap().push(Request { call: String::new(), body: String::new() });
            }
        });
        Self { url, asked }
    }

    /// Listens, and never accepts.
    pub(crate) fn deaf() -> Self {
        let (listener, url) = listen();
        // Kept open for the process's life.
        std::mem::forget(listener);
        Self { url, asked: Arc::default() }
    }

    /// Nobody listens there.
    pub(crate) fn gone() -> Self {
        let (listener, url) = listen();
        drop(listener);
        Self { url, asked: Arc::default() }
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    answer: &dyn Fn(usize, &Request) -> Answer,
) {
    while let Some(request) = read(&mut stream) {
        let answer = {
            let mut log = log.lock().unwrap();
            log.push(request.clone());
            answer(log.len() - 1, &request)
        };
        let Answer::Http(status, kind, body) = answer else { return };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
             smithy-protocol: rpc-v2-cbor\r\nx-amzn-requestid: r-1\r\n\r\n",
            body.len()
        );
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
            return;
        }
    }
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, &mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let header = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let length: usize = header("content-length:").map_or(0, |digits| digits.parse().unwrap());
    while bytes.len() < end + length {
        more(stream, &mut bytes)?;
    }
    let body = String::from_utf8_lossy(&bytes[end..]).into_owned();
    let call = header("x-amz-target:").unwrap_or_else(|| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        if path == "/" {
            body.split('&').next().unwrap_or_default().to_owned()
        } else {
            path.into()
        }
    });
    Some(Request { call, body })
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4096];
    let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
    bytes.extend_from_slice(&buffer[..count]);
    Some(())
}

/// An answer of DynamoDB.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Answer {
    Answer::Http(status, "application/x-amz-json-1.0", body.to_string().into_bytes())
}

/// An answer of Auto Scaling or SNS.
pub(crate) fn xml(status: u16, body: &str) -> Answer {
    Answer::Http(status, "text/xml", body.as_bytes().to_vec())
}

/// An error of Auto Scaling or SNS.
pub(crate) fn xml_error(status: u16, code: &str) -> Answer {
    let error = format!("<Error><Code>{code}</Code><Message>the words</Message></Error>");
    xml(status, &format!("<ErrorResponse>{error}<RequestId>r-1</RequestId></ErrorResponse>"))
}

/// An answer of CloudWatch.
pub(crate) fn cbor(status: u16, body: &Cbor) -> Answer {
    let mut bytes = Vec::new();
    body.write(&mut bytes);
    Answer::Http(status, "application/cbor", bytes)
}

/// As much of CBOR (RFC 8949) as CloudWatch's answers need.
#[derive(Debug, Clone)]
pub(crate) enum Cbor {
    Map(Vec<(&'static str, Cbor)>),
    List(Vec<Cbor>),
    Text(&'static str),
    Number(f64),
    /// Seconds since the epoch.
    Time(u32),
}

impl Cbor {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Map(pairs) => {
                head(out, 0xa0, pairs.len());
                for (key, value) in pairs {
                    Self::Text(key).write(out);
                    value.write(out);
                }
            }
            Self::List(items) => {
                head(out, 0x80, items.len());
                items.iter().for_each(|item| item.write(out));
            }
            Self::Text(text) => {
                head(out, 0x60, text.len());
                out.extend_from_slice(text.as_bytes());
            }
            Self::Number(value) => {
                out.push(0xfb);
                out.extend_from_slice(&value.to_be_bytes());
            }
            Self::Time(second) => {
                out.extend_from_slice(&[0xc1, 0x1a]);
                out.extend_from_slice(&second.to_be_bytes());
            }
        }
    }
}

fn head(out: &mut Vec<u8>, major: u8, length: usize) {
    let length = u16::try_from(length).unwrap();
    out.push(major | 25);
    out.extend_from_slice(&length.to_be_bytes());
}
