//! The recorded webhooks in many orders, and with any one of them lost for ever: then the schedule mends it
//! from LiveKit's lists and the bucket, which are as the real ones were at the end of that scenario.

use std::collections::{BTreeMap, BTreeSet};

use livekit_storj::params;
use livekit_storj::store::Statement;
use livekit_storj::time::{MINUTE, Millis};
use serde_json::{Value, json};

use super::recorded::{Delivery, deliver, ours, scenarios, state};
use super::world::{World, query};

/// So long after the last webhook everything is in order: a recorder that died in silence takes half an hour,
/// its file three looks more.
const MENDED_IN_MS: i64 = 60 * MINUTE;

fn event(delivery: &Delivery) -> Value {
    serde_json::from_str(&delivery.body).unwrap()
}

fn id(delivery: &Delivery) -> String {
    event(delivery)["id"].as_str().unwrap().to_owned()
}

/// LiveKit and the bucket as they stood when all had been said.
#[derive(Default)]
struct End {
    /// The last word about each egress, which is what `ListEgress` answers (seen: equal field by field).
    egresses: BTreeMap<String, Value>,
    /// Sizes by the key that was asked for.
    objects: BTreeMap<String, u64>,
    /// When recordings began, as any word told, in milliseconds.
    first_frames: BTreeSet<i64>,
    /// The host did.
    published: bool,
    rooms: BTreeSet<String>,
    closed: BTreeSet<String>,
    /// Who was counted as a viewer: bob, in one scenario.
    viewers: BTreeSet<String>,
}

impl End {
    fn of(deliveries: &[Delivery]) -> Self {
        let mut end = Self::default();
        for event in deliveries.iter().map(event) {
            if let Some(sid) = event["room"]["sid"].as_str() {
                end.rooms.insert(sid.to_owned());
            }
            end.published |= event["event"] == json!("track_published");
            if event["event"] == json!("room_finished") {
                end.closed.insert(event["room"]["sid"].as_str().unwrap().to_owned());
            }
            if event["event"] == json!("participant_joined") && event["participant"]["kind"].is_null() {
                let identity = event["participant"]["identity"].as_str().unwrap();
                if identity != "alice" {
                    end.viewers.insert(identity.to_owned());
                }
            }
            let info = &event["egressInfo"];
            let Some(egress_id) = info["egressId"].as_str() else { continue };
            end.egresses.insert(egress_id.to_owned(), info.clone());
            if let Some(nanos) = info["fileResults"][0]["startedAt"].as_str() {
                end.first_frames.insert(nanos.parse::<i64>().unwrap() / 1_000_000);
            }
            let (key, size) = (&info["roomComposite"]["fileOutputs"][0]["filepath"], &info["fileResults"][0]["size"]);
            if let (Some(key), Some(size)) = (key.as_str(), size.as_str()) {
                end.objects.insert(key.to_owned(), size.parse().unwrap());
            }
        }
        end
    }

    /// The schedule, each minute in which something is due, against all this.
    fn reconcile(&self, world: &World) {
        world.livekit.borrow_mut().listed = self.egresses.values().cloned().collect();
        // As a request's address has them: the scenarios asked for names with LiveKit's templates in them.
        world.storj.borrow_mut().bucket.objects = self.objects.clone();
        let until = world.clock.get().plus(MENDED_IN_MS);
        while world.clock.get() < until {
            let due = world.one("SELECT min(tend_at) FROM live_streams");
            let Some(due) = due.as_i64().map(Millis) else { break };
            world.clock.set(due.max(world.clock.get().plus(MINUTE)));
            world.cron();
        }
    }

    /// What must stand in the database, from LiveKit's own last words and the bucket alone.
    fn is_told_by(&self, world: &World, all_but_one: bool, what: &str) {
        for room in &self.rooms {
            assert!(self.closed.contains(room), "{what}: the recordings all ended with their room closed");
        }
        for info in self.egresses.values().filter(|info| !info["roomComposite"]["fileOutputs"].is_null()) {
            let key = info["roomComposite"]["fileOutputs"][0]["filepath"].as_str().unwrap();
            let row = query(&world.db, &Statement::new("SELECT * FROM egresses WHERE object_key = ?", params![key])).unwrap();
            let job = &row[0];
            let ms = |value: &Value| value.as_str().map_or(Value::Null, |nanos| json!(nanos.parse::<i64>().unwrap() / 1_000_000));
            let status = match info["status"].as_str() {
                Some("EGRESS_COMPLETE") => "complete",
                Some("EGRESS_ABORTED") => "aborted",
                // The service that died is ACTIVE for ever: we conclude it.
                _ => "failed",
            };
            let dead = info["endedAt"].is_null();
            let file = &info["fileResults"][0];
            assert_eq!(job["status"], json!(status), "{what}: {job}");
            assert_eq!(job["inferred"], json!(i64::from(dead)), "{what}: {job}");
            assert_eq!(job["egress_id"], info["egressId"], "{what}");
            if !dead {
                assert_eq!(job["ended_at"], ms(&info["endedAt"]), "{what}: {job}");
            }
            if status != "aborted" {
                // Of a recorder that was killed the ending does not repeat the first frame's time, which ACTIVE told.
                let told_before =
                    file["startedAt"].is_null() && self.first_frames.contains(&job["started_at"].as_i64().unwrap_or_default());
                assert!(told_before || job["started_at"] == ms(&file["startedAt"]), "{what}: {job}");
                assert_eq!(job["duration_ms"], ms(&file["duration"]), "{what}: {job}");
            }
            let size = self.objects.get(key);
            assert_eq!(job["size_bytes"].as_u64(), size.copied(), "{what}: {job}");
            assert_eq!(job["file"], json!(if size.is_some() { "yes" } else { "no" }), "{what}: {job}");
            assert_eq!(job["error"].is_null(), status == "complete", "{what}: {job}");
        }
        let assets = world.rows("SELECT object_key, status, size_bytes, partial FROM assets ORDER BY object_key");
        let right: Vec<Value> = self
            .objects
            .iter()
            .map(|(key, size)| {
                let failed = self.egresses.values().any(|info| {
                    info["roomComposite"]["fileOutputs"][0]["filepath"] == json!(key) && info["status"] == json!("EGRESS_FAILED")
                });
                json!({ "object_key": key, "status": "ready", "size_bytes": size, "partial": i64::from(failed) })
            })
            .collect();
        assert_eq!(assets, right, "{what}");
        for stream in world.rows("SELECT * FROM live_streams WHERE session_sid IS NOT NULL") {
            // One track at least was told of, of two.
            let status = if self.published && all_but_one { "ended" } else { "created" };
            assert!(stream["status"] == json!("ended") || stream["status"] == json!(status), "{what}: {stream}");
            assert_eq!(stream["viewer_count"], json!(0), "{what}: {stream}");
            assert!(stream["unique_viewers"].as_u64() <= Some(self.viewers.len() as u64), "{what}: {stream}");
            assert!(stream["peak_viewers"].as_u64() <= Some(self.viewers.len() as u64), "{what}: {stream}");
        }
        assert_eq!(world.rows("SELECT sid FROM sessions WHERE ended_at IS NULL"), [Value::Null; 0], "{what}");
        assert_eq!(
            world.rows("SELECT id FROM live_streams WHERE tend_at IS NOT NULL"),
            [Value::Null; 0],
            "{what}: something is still to come"
        );
    }
}

/// A world in which we asked for these recordings, so the schedule looks after them.
fn tended(deliveries: &[Delivery]) -> World {
    let world = ours(deliveries);
    let wake = "UPDATE live_streams SET tend_at = ? WHERE id IN (SELECT stream_id FROM egresses)";
    query(&world.db, &Statement::new(wake, params![deliveries[0].at])).unwrap();
    world
}

#[test]
fn any_one_left_out_and_mended() {
    let mut lost = 0;
    for (name, deliveries) in scenarios() {
        let end = End::of(&deliveries);
        let ids: BTreeSet<String> = deliveries.iter().map(id).collect();
        // None first: what is right does not depend on a loss.
        for left_out in [String::new()].into_iter().chain(ids) {
            let world = tended(&deliveries);
            for delivery in deliveries.iter().filter(|delivery| id(delivery) != left_out) {
                assert_eq!(deliver(&world, delivery), 200, "{name}");
            }
            end.reconcile(&world);
            let what = deliveries.iter().find(|delivery| id(delivery) == left_out).map_or(Value::Null, event);
            end.is_told_by(&world, true, &format!("{name} without {}", what["event"]));
            lost += 1;
        }
    }
    assert!(lost > 250, "{lost}");
}

#[test]
fn all_lost_but_one_and_mended() {
    for (name, deliveries) in scenarios() {
        let end = End::of(&deliveries);
        for delivery in &deliveries {
            let world = tended(&deliveries);
            assert_eq!(deliver(&world, delivery), 200, "{name}");
            world.clock.set(deliveries.last().unwrap().at);
            end.reconcile(&world);
            end.is_told_by(&world, false, &format!("{name} with {} alone", event(delivery)["event"]));
        }
    }
}

/// SplitMix64.
fn draw(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[test]
fn in_any_order() {
    for (name, deliveries) in scenarios() {
        let end = End::of(&deliveries);
        let world = tended(&deliveries);
        deliveries.iter().for_each(|delivery| assert_eq!(deliver(&world, delivery), 200, "{name}"));
        let right = state(&world);
        for seed in 0..20 {
            let (mut dice, mut shuffled) = (seed, deliveries.clone());
            for last in (1..shuffled.len()).rev() {
                shuffled.swap(last, usize::try_from(draw(&mut dice) % (last as u64 + 1)).unwrap());
            }
            let world = tended(&deliveries);
            for delivery in &shuffled {
                assert_eq!(deliver(&world, delivery), 200, "{name}, seed {seed}");
            }
            assert_eq!(state(&world), right, "{name}, seed {seed}");
            world.clock.set(deliveries.last().unwrap().at);
            end.reconcile(&world);
            end.is_told_by(&world, true, &format!("{name} shuffled, seed {seed}"));
        }
    }
}
