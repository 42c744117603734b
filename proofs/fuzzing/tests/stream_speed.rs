//! How many records of the session table's stream one core reads.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a codec that is too slow fails the proof"
)]

use serde_json::{Value, json};
use tidegate_wire::sessions::stream::{Wake, decode};

/// Records a second that the requirement asks for.
const WANTED: f64 = 50_000.0;
/// Records of a batch, the most that a mapping gives.
const BATCH: u32 = 10_000;
/// Batches.
const TIMES: u32 = 5;

/// This thread's time on a processor in seconds: other processes do not count.
fn spent() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanos.unwrap_or_else(|| panic!("no /proc/thread-self/schedstat")) / 1e9
}

/// A session's part with six fields.
fn image(number: u32, counter: u32) -> Value {
    let stamp = format!("018f3c2a1b00{counter:04x}-ap-northeast-2");
    let field = |name: u32| {
        let value = format!("what the field {name} of session {number} holds");
        json!({"M": {"v": {"S": value}, "t": {"S": stamp}}})
    };
    let fields = (0..6).map(|name| (format!("field-{name}"), field(name)));
    json!({
        "pk": {"S": format!("session#{number:064x}")}, "sk": {"S": "ap-northeast-2"},
        "fields": {"M": fields.collect::<serde_json::Map<_, _>>()},
        "not_after": {"N": "1800000000"}, "live_until": {"N": "1799990000"},
        "expires_at": {"N": "1800076400"}, "written": {"S": stamp},
        "writer": {"S": "0123456789abcdef"}, "v": {"N": "1"},
    })
}

fn record(number: u32) -> Value {
    let (new, old) = (image(number, 2), image(number, 1));
    json!({
        "eventID": format!("{number:032x}"), "eventName": "MODIFY", "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "ap-northeast-2",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_799_990_000, "SequenceNumber": format!("{number:025}"),
            "Keys": {"pk": new["pk"], "sk": new["sk"]}, "NewImage": new, "OldImage": old,
            "SizeBytes": 1_500, "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:ap-northeast-2:000000000000:table/t/stream/s",
    })
}

#[test]
fn one_core_reads_fifty_thousand_records_a_second() {
    let records: Vec<Value> = (0..BATCH).map(record).collect();
    let text = json!({ "Records": records }).to_string();
    let mut fastest = f64::INFINITY;
    for _ in 0..TIMES {
        let before = spent();
        let read = decode(&text).unwrap();
        fastest = fastest.min(spent() - before);
        let Wake::Records(read) = read else { panic!("a tick") };
        assert!(read.len() == records.len() && read.iter().all(Result::is_ok));
    }
    let rate = f64::from(BATCH) / fastest;
    let bytes = text.len() / records.len();
    println!("{BATCH} records of {bytes} bytes: {rate:.0} a second of one core");
    assert!(rate >= WANTED, "{rate:.0} records a second");
}
