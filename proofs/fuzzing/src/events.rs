//! Events: what is decoded belongs to this account and region, whatever its shape; what is
//! refused says why.

use crate::pieces::Pieces;
use crate::world::{self, MORNING, NIGHT, NOON, World};
use serde_json::{Value, json};
use tidegate_domain::duty::Duty;
use tidegate_domain::intake::{Home, IntakeError, decode};
use tidegate_domain::signal::{AlarmChange, Cause, Wake};
use tidegate_fakes::GroupSpec;

/// What decodes events.
pub type Decode = fn(&Value, &Home) -> Result<Wake, IntakeError>;

/// Bytes of a refusal: it goes into a log line and Lambda's answer.
const REFUSAL_BYTES: usize = 2_000;

/// The account and region of the files in `events/`.
pub fn home() -> Home {
    Home { account: "000000000000".into(), region: "ap-northeast-2".into() }
}

/// Any JSON.
pub fn event(data: &[u8]) {
    event_with(decode, data);
}

/// [`event`] with another decoder.
pub fn event_with(decode: Decode, data: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(data) else { return };
    event_law(decode, &event);
    if let Ok(wake) = decode(&event, &home()) {
        serve(&wake);
    }
}

/// The law of decoding one event.
fn event_law(decode: Decode, event: &Value) {
    let decoded = decode(event, &home());
    assert_eq!(decoded, decode(event, &home()), "decoding depends on the event alone");
    let wake = match decoded {
        Ok(wake) => wake,
        Err(error) => return refusal_law(&error),
    };
    let owned = event.get("alarmData").or(event.get("Records")).or(event.get("detail-type"));
    let mut grown = event.clone();
    grown.as_object_mut().unwrap().insert("somethingNew".into(), json!([1]));
    let grown = decode(&grown, &home());
    if owned.is_some() {
        assert_eq!(grown.as_ref(), Ok(&wake), "AWS may add keys");
        for (account, region) in [("999999999999", "ap-northeast-2"), ("000000000000", "x")] {
            let stranger = Home { account: account.into(), region: region.into() };
            let refused = decode(event, &stranger);
            assert!(matches!(refused, Err(IntakeError::Foreign(_))), "{refused:?}");
        }
    } else {
        assert!(grown.is_err(), "our own input has no unknown keys");
    }
    if let Cause::Alarms(changes) = &wake.cause {
        assert!(!changes.is_empty());
        changes.iter().for_each(change_law);
    }
}

fn change_law(change: &AlarmChange) {
    let numbers = [change.value, change.threshold];
    assert!(numbers.into_iter().flatten().all(f64::is_finite), "{change:?}");
    let name = change.alarm.as_str();
    assert!((1..=255).contains(&name.chars().count()) && !name.contains(char::is_control));
}

fn refusal_law(error: &IntakeError) {
    let text = error.to_string();
    assert!(text.len() <= REFUSAL_BYTES, "{} bytes: {text}", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(text.len() > "the event is not this stack's: ".len(), "it says why: {text}");
}

/// Every duty that takes the wake-up serves it.
fn serve(wake: &Wake) {
    for (duty, now) in [(Duty::Spike, NOON), (Duty::Night, NIGHT), (Duty::Day, MORNING)] {
        let plan = duty.plan(wake, &world::policy());
        assert_eq!(plan.is_ok(), duty.accept(wake).is_ok(), "what is accepted is planned");
        let Ok(plan) = plan else { continue };
        for (fleet, signal) in plan.runs {
            assert!(wake.fleets.is_empty() || wake.fleets.contains(&fleet));
            let world = World::quiet(now, GroupSpec::sized(4, 8, 60));
            assert_eq!(fleet, world.fleet);
            world.serve(duty.function(), &signal, wake.dry_run);
        }
    }
}

/// One alarm's change in every shape that tells it: the shapes agree.
pub fn event_fields(data: &[u8]) {
    event_fields_with(decode, data);
}

/// [`event_fields`] with another decoder.
pub fn event_fields_with(decode: Decode, data: &[u8]) {
    let mut pieces = Pieces::of(data);
    let fields = Fields {
        account: pieces.next(),
        region: pieces.next(),
        alarm: pieces.next(),
        state: pieces.next(),
        time: pieces.next(),
        reason: pieces.next(),
        threshold: serde_json::from_str(&pieces.next()).unwrap_or_default(),
    };
    fields_law(decode, &fields);
}

/// What an alarm's event tells.
struct Fields {
    account: String,
    region: String,
    alarm: String,
    state: String,
    time: String,
    /// `reasonData`.
    reason: String,
    /// Where the shape has it outside of `reasonData`.
    threshold: Value,
}

impl Fields {
    fn arn(&self) -> String {
        format!("arn:aws:cloudwatch:{}:{}:alarm:{}", self.region, self.account, self.alarm)
    }

    fn data(&self) -> Value {
        json!({
            "alarmName": self.alarm,
            "state": {
                "value": self.state, "timestamp": self.time, "reasonData": self.reason,
            },
        })
    }

    fn lambda_action(&self) -> Value {
        json!({
            "source": "aws.cloudwatch", "alarmArn": self.arn(), "accountId": self.account,
            "region": self.region, "time": self.time, "alarmData": self.data(),
        })
    }

    fn state_change(&self) -> Value {
        json!({
            "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
            "account": self.account, "region": self.region, "time": self.time,
            "resources": [self.arn()], "detail": self.data(),
        })
    }

    fn notification(&self) -> Value {
        json!({
            "AlarmArn": self.arn(), "AlarmName": self.alarm, "NewStateValue": self.state,
            "StateChangeTime": self.time, "Trigger": { "Threshold": self.threshold },
        })
    }
}

fn in_sns(message: &Value) -> Value {
    let sns = json!({ "Message": message.to_string() });
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": sns }] })
}

/// The law of the shapes.
fn fields_law(decode: Decode, fields: &Fields) {
    let direct = fields.lambda_action();
    let change = fields.state_change();
    let notification = in_sns(&fields.notification());
    for event in [&direct, &change, &in_sns(&change), &notification] {
        event_law(decode, event);
    }
    let told = decode(&direct, &home());
    assert_eq!(told, decode(&change, &home()), "EventBridge");
    assert_eq!(told, decode(&in_sns(&change), &home()), "EventBridge through SNS");
    let ours = fields.account == home().account && fields.region == home().region;
    let foreign = matches!(told, Err(IntakeError::Foreign(_)));
    assert_eq!(foreign, !ours, "{told:?}");
    let bare = |wake: Wake| match wake.cause {
        Cause::Alarms(changes) => {
            changes.into_iter().map(|c| AlarmChange { value: None, threshold: None, ..c }).collect()
        }
        Cause::Schedule { .. } => Vec::new(),
    };
    let noticed = decode(&notification, &home());
    if ours {
        assert_eq!(noticed.map(bare), told.clone().map(bare), "SNS");
    } else {
        assert!(noticed.is_err(), "{noticed:?}");
    }
    if let Ok(wake) = told {
        serve(&wake);
    }
}
