//! A stub of AWS behind TLS on the loopback address: every call of DynamoDB finds nothing.
//! `aws-stub CHAIN.pem` prints its port, then a line for each call.
//!
//! One connection at a time: the programs under measurement take turns, and each has one.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

const NOTHING: &str = r#"{"Count":0,"Items":[],"ScannedCount":0}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let chain = std::env::args().nth(1).ok_or("usage: aws-stub CHAIN.pem")?;
    let certificates = CertificateDer::pem_file_iter(&chain)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&chain)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    for connection in listener.incoming() {
        // A program that was ended breaks off its connection.
        let _ = serve(connection?, &config);
    }
    Ok(())
}

fn serve(connection: TcpStream, config: &Arc<ServerConfig>) -> Result<(), Box<dyn Error>> {
    connection.set_nodelay(true)?;
    let tls = ServerConnection::new(Arc::clone(config))?;
    let mut stream = StreamOwned::new(tls, connection);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: \
         00000000-0000-0000-0000-000000000000\r\nContent-Length: {}\r\n\r\n{NOTHING}",
        NOTHING.len()
    );
    while call(&mut stream)? {
        println!("call");
        stream.write_all(answer.as_bytes())?;
        stream.flush()?;
    }
    Ok(())
}

/// Reads one request; false at the end of the connection.
fn call(stream: &mut impl Read) -> std::io::Result<bool> {
    let (mut read, mut part) = (Vec::new(), [0; 8192]);
    while !is_whole(&read) {
        match stream.read(&mut part)? {
            0 => return Ok(false),
            length => read.extend_from_slice(&part[..length]),
        }
    }
    Ok(true)
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    body.len() >= length.unwrap_or(0)
}
