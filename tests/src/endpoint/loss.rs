//! A relay in front of the endpoint that can lose answers: the effect happens, the
//! connection closes before anything comes back.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A running relay; its threads end with the test process.
#[derive(Debug)]
pub struct Relay {
    url: String,
    to_lose: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
}

impl Relay {
    /// Relays to the endpoint at `url`.
    ///
    /// # Errors
    /// The loopback address gives no port.
    pub fn to(url: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let relay = Self {
            url: format!("http://{}", listener.local_addr()?),
            to_lose: Arc::default(),
            lost: Arc::default(),
        };
        let target = url.trim_start_matches("http://").to_owned();
        let (to_lose, lost) = (Arc::clone(&relay.to_lose), Arc::clone(&relay.lost));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (target, to_lose, lost) =
                    (target.clone(), Arc::clone(&to_lose), Arc::clone(&lost));
                thread::spawn(move || relay_one(client, &target, &to_lose, &lost));
            }
        });
        Ok(relay)
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Loses the next `count` answers.
    pub fn lose(&self, count: usize) {
        self.to_lose.store(count, Ordering::SeqCst);
    }

    /// Answers lost so far.
    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }
}

/// One connection: requests go through untouched, an answer's first bytes decide whether
/// it is lost.
fn relay_one(client: TcpStream, target: &str, to_lose: &AtomicUsize, lost: &AtomicUsize) {
    let Ok(server) = TcpStream::connect(target) else { return };
    let (Ok(from_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    thread::spawn(move || pump(from_client, to_server));
    let (mut server, mut client) = (server, client);
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = server.read(&mut buffer) {
        if to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
            lost.fetch_add(1, Ordering::SeqCst);
            break;
        }
        let bytes = buffer.get(..count).unwrap_or_default();
        if client.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
