//! Credentials, and the group's intent, from a fake of EC2's metadata service, version 2.

#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod support;

use aira::instance::Instance;
use aws_credential_types::provider::ProvideCredentials;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};
use support::Parts;

const GOOD: &str = r#"{"Code":"Success","AccessKeyId":"AKIDEXAMPLE","SecretAccessKey":"s3cr3t",
    "Token":"t0ken","Expiration":"2026-11-22T12:00:00Z"}"#;

/// A service that gives these credentials to whoever shows its token.
fn service(credentials: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut looks = 0;
        while let Ok((mut stream, _)) = listener.accept() {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> =
                lines.map(Result::unwrap).take_while(|l| !l.is_empty()).collect();
            let has = |header: &str| head.iter().any(|line| line == header);
            let knows = has("x-aws-ec2-metadata-token: of-today");
            let roles = "GET /latest/meta-data/iam/security-credentials/";
            let (status, body) = match head.first().unwrap().strip_suffix(" HTTP/1.1").unwrap() {
                "PUT /latest/api/token" if has("x-aws-ec2-metadata-token-ttl-seconds: 60") => {
                    (200, "of-today")
                }
                path if knows && path == roles => (200, "web-role"),
                path if knows && path == format!("{roles}web-role") => (200, credentials),
                "GET /latest/meta-data/autoscaling/target-lifecycle-state" if knows => {
                    looks += 1;
                    if looks < 3 { (200, "InService") } else { (200, "Terminated") }
                }
                _ => (401, ""),
            };
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close");
            stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
        }
    });
    base
}

#[tokio::test]
async fn the_instances_role_gives_credentials_that_end() {
    let given = Instance::at(&service(GOOD)).provide_credentials().await.unwrap();
    assert_eq!((given.access_key_id(), given.session_token()), ("AKIDEXAMPLE", Some("t0ken")));
    assert_eq!(given.secret_access_key(), "s3cr3t");
    assert_eq!(given.expiry(), Some(UNIX_EPOCH + Duration::from_secs(1_795_348_800)));
}

#[tokio::test]
async fn what_is_no_credentials_is_an_error_that_repeats_nothing() {
    for wrong in [r#"{"SecretAccessKey":"s3cr3t"}"#, "s3cr3t", ""] {
        let error = Instance::at(&service(wrong)).provide_credentials().await.unwrap_err();
        let text = format!("{error:?} {}", std::error::Error::source(&error).unwrap());
        assert!(!text.contains("s3cr3t") && text.contains("not credentials"), "{text}");
    }
    assert!(Instance::at("http://127.0.0.1:9").provide_credentials().await.is_err());
}

#[tokio::test]
async fn an_instance_that_its_group_takes_away_says_so_and_goes_on_serving() {
    let aira = Parts::default().start().await;
    let kim = aira.signed_in("kim").await;
    let beat = Duration::from_millis(50);
    assert_eq!(kim.get("/readyz").await.status, 200);
    aira.app.watch_group(Instance::at(&service(GOOD)), beat).await;
    assert_eq!(kim.get("/readyz").await.status, 503);
    assert_eq!(kim.ask("Still there?").await.said().1, "done");
    let nobody = Instance::at("http://127.0.0.1:9");
    assert!(tokio::time::timeout(beat * 4, nobody.taken_away(beat)).await.is_err());
}
