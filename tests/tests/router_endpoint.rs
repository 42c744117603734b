//! The alarm router end to end on the local endpoint: a queue's batch in, messages out of SNS into
//! queues, with what subscriptions filter by.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use tidegate_domain::alarms::reason::Why;
use tidegate_domain::alarms::router::{Outcome, Router};
use tidegate_domain::intake::Home;
use tidegate_domain::ports::Clock;
use tidegate_tests::contract::{Arrange, Sent};
use tidegate_tests::endpoint::root;
use tidegate_tests::endpoint::stage::LocalStage;
use tidegate_tests::stage::{ACCOUNT, REGION, policy_of};

/// A router whose groups wait for nobody.
fn router() -> Router {
    let home = Home { account: ACCOUNT.to_owned(), region: REGION.to_owned() };
    let policy = format!("version = 1\n[alarms]\ngroup_wait_secs = 0\n{}", policy_of("aira-web"));
    Router::new(home, &policy).unwrap()
}

/// The critical alarm's event, in this state, now.
fn event(world: &impl Clock, state: &str) -> Value {
    let file = root().join("events/alarm-router/critical.json");
    let mut event: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let now = world.wall();
    event["time"] = json!(format!("{now:.0}"));
    event["detail"]["state"]["value"] = json!(state);
    event["detail"]["state"]["timestamp"] = json!(format!("{now:.3}"));
    event
}

/// A queue's batch of one event, twice: queues deliver at least once.
fn batch(event: &Value) -> Value {
    let record = |id: &str| json!({ "messageId": id, "body": event.to_string() });
    json!({ "Records": [record("m-1"), record("m-2")] })
}

fn sent_by(outcome: &Outcome) -> Vec<Why> {
    outcome.record.messages.iter().map(|message| message.why).collect()
}

#[tokio::test]
async fn an_alarm_becomes_one_message_with_its_attributes_and_its_end_another() {
    let stage = match LocalStage::start().await {
        Ok(stage) => stage,
        Err(stop) => panic!("{stop:?}"),
    };
    let (world, router) = (stage.world(), router());
    let alarm = batch(&event(world, "ALARM"));
    let first = router.serve(world, &alarm).await;
    assert_eq!((&first.error, &first.answer), (&None, &json!({ "batchItemFailures": [] })));
    assert_eq!((sent_by(&first), first.record.kept), (vec![Why::FirstNotification], 1));
    assert_eq!(first.record.outcomes.get(&Why::Duplicate), Some(&1), "{:?}", first.record);
    let again = router.serve(world, &alarm).await;
    assert_eq!((sent_by(&again), &again.error), (vec![], &None), "{:?}", again.record);
    let over = router.serve(world, &batch(&event(world, "OK"))).await;
    assert_eq!((sent_by(&over), &over.error), (vec![Why::AllResolved], &None), "{:?}", over.record);

    let sent = stage.sent().await.unwrap();
    let at = |topic: &str| sent.iter().filter(|s| s.topic == topic).collect::<Vec<&Sent>>();
    let (messages, forms) = (at("critical"), at("chat"));
    assert_eq!((messages.len(), forms.len(), sent.len()), (2, 2, 4), "{sent:?}");
    for ((message, form), state) in messages.iter().zip(&forms).zip(["firing", "resolved"]) {
        let attributes = &message.attributes;
        assert_eq!(attributes, &form.attributes);
        let told = ["severity", "fleet", "region", "service", "state"].map(|k| &*attributes[k]);
        assert_eq!(told, ["critical", "aira-web", REGION, "aira-web", state]);
        assert_eq!(attributes["group"].len(), 32, "{attributes:?}");
        assert!(message.text.contains("aira-web-latency-critical"), "{}", message.text);
        let chat: Value = serde_json::from_str(&form.text).unwrap();
        assert_eq!((&chat["version"], &chat["source"]), (&json!("1.0"), &json!("custom")));
    }
    let groups: BTreeMap<_, _> = messages.iter().map(|m| (&m.attributes["group"], ())).collect();
    assert_eq!(groups.len(), 1, "one incident of one group");
}

#[tokio::test]
async fn a_lost_end_is_noticed_by_the_tick() {
    let stage = match LocalStage::start().await {
        Ok(stage) => stage,
        Err(stop) => panic!("{stop:?}"),
    };
    let (world, router) = (stage.world(), router());
    router.serve(world, &batch(&event(world, "ALARM"))).await;
    // Nobody has such an alarm at the endpoint: somebody deleted it while it fired.
    let tick = router.serve(world, &json!({ "schedule": "tick" })).await;
    assert_eq!((tick.record.noticed, &tick.error), (1, &None), "{:?}", tick.record);
    assert_eq!(sent_by(&tick), [Why::AllResolved], "{:?}", tick.record);
    let quiet = router.serve(world, &json!({ "schedule": "tick" })).await;
    assert_eq!((quiet.record.noticed, sent_by(&quiet)), (0, vec![]), "{:?}", quiet.record);
}
