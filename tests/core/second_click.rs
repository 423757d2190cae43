//! Who asks for a recording while somebody else's start is at LiveKit waits for that answer, and is told what it was.

use serde_json::{Value, json};

use super::flows::{live, starts};
use super::world::World;

/// Alice's click, while another start of the stream's has the place; LiveKit answers that one with `sql` as she waits.
fn click(world: &World, sql: &str) -> (u16, Value) {
    // The other start got its place while the probe of this one was under way.
    *world.meanwhile.borrow_mut() = Some(format!(
        "INSERT INTO egresses (id, stream_id, session_sid, room_name, owner_id, project, object_key, bucket, endpoint, region, quality, \
         layout, audio_only, part, status, requested_at) SELECT 'other', id, session_sid, 'r', 'alice', '127.0.0.1:7880', 'k', 'b', 'e', 'x', \
         '1080p', 'speaker', 0, 1, 'requested', {} FROM live_streams; UPDATE live_streams SET job_id = 'other'",
        world.clock.get().0
    ));
    *world.in_the_pause.borrow_mut() = Some(sql.replace("NOW", &world.clock.get().plus(200).0.to_string()));
    let answer = world.call("alice", "POST", "/livekit-egress", json!({ "roomName": "r" }));
    assert_eq!(starts(world), 0, "the place was taken");
    answer
}

fn refused(code: &str) -> String {
    format!("UPDATE egresses SET status = 'failed', inferred = 1, error = '{code}', ended_at = NOW, file = 'no'")
}

fn wish(world: &World) -> Value {
    world.one("SELECT wish FROM live_streams")
}

#[test]
fn is_told_the_egress_that_came_of_it() {
    let world = World::new();
    live(&world, false);
    let (status, answer) = click(&world, "UPDATE egresses SET egress_id = 'EG_other', heard = 0, status = 'starting'");
    assert_eq!((status, &answer["egressId"]), (200, &json!("EG_other")));
}

#[test]
fn is_told_a_definite_no_which_ends_the_wish_of_both() {
    for code in ["livekit_key_refused", "livekit_refused"] {
        let world = World::new();
        live(&world, false);
        let (status, answer) = click(&world, &refused(code));
        assert_eq!((status, &answer["code"]), (502, &json!("livekit_refused")), "{code}");
        assert_eq!(wish(&world), "none", "who was told no is not recorded later by surprise");
    }
}

#[test]
fn is_told_that_it_goes_on_when_livekit_only_has_no_room_for_it_now() {
    let world = World::new();
    live(&world, false);
    assert_eq!(click(&world, &refused("livekit_limit")).0, 202);
    assert_eq!(wish(&world), "asked");
}

#[test]
fn is_not_told_what_was_refused_before() {
    let world = World::new();
    live(&world, false);
    assert_eq!(click(&world, &refused("livekit_refused").replace("NOW", "1")).0, 202);
    assert_eq!(wish(&world), "asked");
}

#[test]
fn leaves_the_wish_of_one_who_asked_after_the_no() {
    let world = World::new();
    live(&world, false);
    let later = "UPDATE live_streams SET wish_at = NOW + 1";
    assert_eq!(click(&world, &format!("{}; {later}", refused("livekit_refused"))).0, 502);
    assert_eq!(wish(&world), "asked");
}
