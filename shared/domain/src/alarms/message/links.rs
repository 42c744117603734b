//! Addresses: the alarm in the CloudWatch console, the owner's runbook.

use crate::alarms::event::{AlarmEvent, Kind};
use std::fmt::Write;

/// The alarm's page, which shows its graph. None where the console's host is not known.
/// <https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html>
pub(super) fn console(event: &AlarmEvent) -> Option<String> {
    if event.kind == Kind::Unclassified || event.id.name.is_empty() {
        return None;
    }
    let region = &event.region;
    let name = encode(&event.id.name);
    Some(format!(
        "https://{region}.{}/cloudwatch/home?region={region}#alarmsV2:alarm/{name}",
        host(region)?
    ))
}

/// The console's host of a region's partition.
fn host(region: &str) -> Option<&'static str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let isolated = region.contains("-iso") || region.starts_with("eusc-");
    if region.is_empty() || region.len() > 32 || !region.bytes().all(plain) || isolated {
        return None;
    }
    Some(if region.starts_with("cn-") {
        "console.amazonaws.cn"
    } else if region.starts_with("us-gov-") {
        "console.amazonaws-us-gov.com"
    } else {
        "console.aws.amazon.com"
    })
}

/// Percent-encoding of everything but RFC 3986's unreserved characters.
/// <https://www.rfc-editor.org/rfc/rfc3986#section-2.1>
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// An address of the owner's in which nothing ends it early or makes it another's: blanks, quotes
/// and brackets are encoded.
pub(super) fn address(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() || "<>|\"`\\^{}".contains(c) {
            out.push_str(&encode(c.encode_utf8(&mut [0; 4])));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_its_host() {
        for (region, expected) in [
            ("ap-northeast-2", Some("console.aws.amazon.com")),
            ("us-east-1", Some("console.aws.amazon.com")),
            ("cn-northwest-1", Some("console.amazonaws.cn")),
            ("us-gov-west-1", Some("console.amazonaws-us-gov.com")),
            ("us-iso-east-1", None),
            ("us-isob-east-1", None),
            ("eu-isoe-west-1", None),
            ("eusc-de-east-1", None),
            ("", None),
            ("evil.example/", None),
            ("US-EAST-1", None),
        ] {
            assert_eq!(host(region), expected, "{region}");
        }
    }

    #[test]
    fn an_address_cannot_be_ended_early() {
        assert_eq!(encode("a b/c%&#한-._~"), "a%20b%2Fc%25%26%23%ED%95%9C-._~");
        assert_eq!(
            address("https://wiki/?a=b&c=<x>|\"y\" z#é"),
            "https://wiki/?a=b&c=%3Cx%3E%7C%22y%22%20z#é"
        );
    }
}
