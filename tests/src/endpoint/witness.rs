//! A relay in front of the endpoint that keeps what was asked for, by the names that a policy of
//! IAM has for it.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What stands before a call's name in a request, and the service whose call it is.
const MARKS: [(&str, &str); 3] = [
    ("Action=", "autoscaling"),
    ("/service/GraniteServiceVersion20100801/operation/", "cloudwatch"),
    ("DynamoDB_20120810.", "dynamodb"),
];

/// A running relay; its threads end with the test process.
#[derive(Debug)]
pub struct Witness {
    url: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Witness {
    /// Relays to the endpoint at `url`.
    ///
    /// # Errors
    /// The loopback address gives no port.
    pub fn to(url: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}", listener.local_addr()?);
        let witness = Self { url: address, heard: Arc::default() };
        let target = url.trim_start_matches("http://").to_owned();
        let heard = Arc::clone(&witness.heard);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (target, heard) = (target.clone(), Arc::clone(&heard));
                thread::spawn(move || relay(client, &target, &heard));
            }
        });
        Ok(witness)
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every action that was asked for, such as `autoscaling:DescribePolicies`; forgets them.
    pub fn actions(&self) -> BTreeSet<String> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        let text = String::from_utf8_lossy(&heard).into_owned();
        let named = MARKS.iter().flat_map(|(mark, service)| {
            let found = text.match_indices(mark).map(|(at, _)| at + mark.len());
            found.filter_map(|at| text.get(at..)).map(move |rest| {
                let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
                format!("{service}:{name}")
            })
        });
        named.collect()
    }
}

fn relay(client: TcpStream, target: &str, heard: &Mutex<Vec<u8>>) {
    let Ok(server) = TcpStream::connect(target) else { return };
    let (Ok(mut answers), Ok(mut back)) = (server.try_clone(), client.try_clone()) else { return };
    thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Write);
    });
    let (mut client, mut server) = (client, server);
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let bytes = buffer.get(..count).unwrap_or_default();
        heard.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        if server.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}
