//! Delivery of webhooks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::devstack::Devstack;
use crate::receiver::Receiver;

#[tokio::test]
async fn a_refused_delivery_is_tried_again_with_the_same_bytes_and_order_holds() {
    let receiver = Receiver::start().await;
    receiver.answer_next_with(&[503, 500]);
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.join("r", "alice", true).await;
    receiver.wait_for("track_published").await;
    let received = receiver.received();
    assert_eq!(receiver.labels()[..4], ["room_started", "room_started", "room_started", "participant_joined"]);
    for again in &received[1..3] {
        assert_eq!(again.body, received[0].body);
        assert_eq!(again.header("authorization"), received[0].header("authorization"));
    }
    let log = devstack.get("/dev/webhooks").await;
    let statuses: Vec<&Value> = log.as_array().unwrap().iter().take(3).map(|attempt| &attempt["status"]).collect();
    assert_eq!(statuses, [503, 500, 200]);
}

#[tokio::test]
async fn a_4xx_counts_as_delivered_and_five_failures_as_lost() {
    let receiver = Receiver::start().await;
    receiver.answer_next_with(&[400, 503, 503, 503, 503, 503]);
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.join("r", "alice", true).await;
    receiver.wait_for("track_published").await;
    let labels = receiver.labels();
    let count = |label: &str| labels.iter().filter(|found| *found == label).count();
    assert_eq!((count("room_started"), count("participant_joined")), (1, 5));
}

#[tokio::test]
async fn a_request_has_its_own_receivers_with_the_same_ids() {
    let (project, own) = (Receiver::start().await, Receiver::start().await);
    let devstack = Devstack::start(&["--webhook-url", &project.url]);
    devstack.join("r", "alice", true).await;
    let mut request = devstack.composite("r", "x.mp4");
    request["webhooks"] = json!([{"url": own.url, "signing_key": "devkey",
        "filter_params": {"exclude_events": ["egress_started"]}}]);
    devstack.start_egress(request).await;
    let first = project.wait_for("egress_updated ACTIVE").await;
    let second = own.wait_for("egress_updated ACTIVE").await;
    assert_eq!(first.body, second.body);
    second.assert_signed();
    // Nothing of the room, and not what was excluded.
    assert_eq!(own.labels(), ["egress_updated ACTIVE"]);
}

#[tokio::test]
async fn events_are_chosen_dropped_and_doubled() {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url, "--webhook-events", "room_started, participant_joined"]);
    let faults = json!({"drop_webhooks": ["room_started"], "duplicate_webhooks": true});
    devstack.post("/dev/faults", faults).await;
    devstack.join("r", "alice", true).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.labels(), ["participant_joined", "participant_joined"]);
    let received = receiver.received();
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn a_reset_forgets_everything_in_silence() {
    let receiver = Receiver::start().await;
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.join("r", "alice", false).await;
    receiver.wait_for("participant_joined").await;
    devstack.post("/dev/reset", json!({})).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(receiver.labels(), ["room_started", "participant_joined"]);
    assert_eq!(devstack.get("/dev/state").await, json!({"rooms": [], "egresses": []}));
    assert_eq!(devstack.get("/dev/webhooks").await, json!([]));
}

#[tokio::test]
async fn a_receiver_may_ask_for_another_wait() {
    let receiver = Receiver::start().await;
    receiver.answer_next_with(&[503]);
    // 12 s are 0.6 s here; without being asked the second try comes after 0.05 s.
    receiver.ask_to_wait("12");
    let devstack = Devstack::start(&["--webhook-url", &receiver.url]);
    devstack.join("r", "alice", false).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.labels(), ["room_started"]);
    receiver.wait_for("participant_joined").await;
}
