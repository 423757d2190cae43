#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::{Value, json};

use super::*;
use crate::store::egresses::Job;
use crate::store::row::Row;
use crate::store::streams::Stream;
use crate::time::HOUR;

const NOW: Millis = Millis(1_795_397_400_000);
const PROJECT: &str = "127.0.0.1:7880";

fn with(mut base: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

fn stream(changes: Value) -> Stream {
    let base = json!({
        "id": "s", "title": "t", "about": null, "room_name": "r", "owns_room": 1, "owner_id": "alice", "visibility": "public",
        "status": "created", "record": 1, "save_to_storj": 0, "quality": "1080p", "layout": "speaker", "audio_only": 0,
        "wish": "none", "wish_at": null, "wish_error": null, "host_until": null, "public_url": null, "session_sid": "RM_1", "viewer_count": 0,
        "peak_viewers": 0, "unique_viewers": 0, "watch_ms": 0, "created_at": NOW.0 - HOUR, "started_at": null, "ended_at": null,
        "ended_by": null, "published_at": null, "quiet_at": null, "guests_at": null, "tend_at": null, "deleted_at": null, "thumbnail_key": null,
    });
    let no_job = json!({
        "job_id": null, "job_egress_id": null, "job_key": null, "job_status": null, "job_quality": null,
        "job_audio_only": null, "job_layout": null, "job_requested_at": null, "job_started_at": null, "job_ended_at": null,
        "job_size_bytes": null, "job_duration_ms": null, "job_error": null, "job_stop_reason": null,
    });
    Row::read(&with(with(base, no_job), changes)).unwrap()
}

fn job(changes: Value) -> Job {
    let base = json!({
        "id": "j", "egress_id": "EG_1", "session_sid": "RM_1", "room_name": "r", "project": PROJECT, "object_key": "k", "bucket": "b",
        "endpoint": "e", "region": "us-east-1", "quality": "1080p", "layout": "speaker", "audio_only": 0, "status": "recording",
        "inferred": 0, "heard": 1, "requested_at": NOW.0 - 2 * MINUTE, "started_at": NOW.0 - 110 * SECOND, "ended_at": null,
        "size_bytes": null, "error": null, "stop_sent_at": null, "looked_at": NOW.0, "absent_at": null, "file": "unknown", "file_checks": 0, "checked_at": null, "segments": "off", "picture": 0, "object_ttl_ms": null,
    });
    Row::read(&with(base, changes)).unwrap()
}

fn session(changes: Value) -> Option<Session> {
    let base = json!({
        "sid": "RM_1", "room_name": "r", "project": PROJECT, "started_at": NOW.0 - 2 * MINUTE, "ended_at": null, "looked_at": NOW.0, "absent_at": null,
    });
    Some(Row::read(&with(base, changes)).unwrap())
}

fn view(stream: Stream, session: Option<Session>, jobs: Vec<Job>) -> View {
    View { stream, session, jobs, unverified: vec![], at_once: 0, limits: Limits::default() }
}

fn step(view: &View) -> Step {
    next(view, Looked::default(), PROJECT, NOW)
}

#[test]
fn a_wish_of_itself_waits_for_the_host_and_an_asked_one_for_the_room() {
    let auto = json!({ "wish": "auto", "wish_at": NOW.0 - MINUTE });
    assert!(matches!(step(&view(stream(auto.clone()), session(json!({})), vec![])), Step::Rest(Some(_))));
    let live = with(auto, json!({ "status": "live" }));
    assert_eq!(step(&view(stream(live), session(json!({})), vec![])), Step::Start("RM_1".into()));
    let asked = stream(json!({ "wish": "asked", "wish_at": NOW.0 }));
    assert_eq!(step(&view(asked.clone(), session(json!({})), vec![])), Step::Start("RM_1".into()));
    assert_eq!(step(&view(asked, None, vec![])), Step::LookAtRoom, "it may have opened without a word");
}

#[test]
fn after_a_refused_output_the_picture_is_given_up_first_and_then_the_segments() {
    let refused = |changes: Value| {
        let base = json!({ "status": "failed", "heard": 3, "error": "storage_refused", "segments": "yes" });
        let told = refused_outputs(&view(stream(json!({})), session(json!({})), vec![job(json!({})), job(with(base, changes))]), "RM_1");
        (told.picture, told.safety_copy)
    };
    assert_eq!(refused(json!({})), (false, true));
    assert_eq!(refused(json!({ "segments": "unknown" })), (false, true));
    assert_eq!(refused(json!({ "picture": 1 })), (true, false));
    assert_eq!(refused(json!({ "picture": 1, "segments": "off" })), (true, false));
    for other in [json!({ "segments": "off" }), json!({ "session_sid": "RM_0" }), json!({ "error": "storage_unavailable", "picture": 1 })] {
        assert_eq!(refused(other.clone()), (false, false), "{other}");
    }
}

#[test]
fn a_room_that_nobody_opens_within_an_hour_ends_the_wish() {
    let asked = stream(json!({ "wish": "asked", "wish_at": NOW.0 - HOUR }));
    assert_eq!(step(&view(asked, None, vec![])), Step::ExpireWish);
}

#[test]
fn one_job_a_session_and_an_ending_one_does_not_count() {
    let live = || stream(json!({ "wish": "asked", "wish_at": NOW.0, "status": "live" }));
    assert!(matches!(step(&view(live(), session(json!({})), vec![job(json!({}))])), Step::Rest(_)));
    let ending = job(json!({ "status": "stopping", "heard": 2 }));
    assert_eq!(step(&view(live(), session(json!({})), vec![ending])), Step::Start("RM_1".into()));
    let of_the_session_before = job(json!({ "session_sid": "RM_0" }));
    assert_eq!(step(&view(live(), session(json!({})), vec![of_the_session_before])), Step::Start("RM_1".into()));
}

#[test]
fn what_should_not_record_is_stopped_before_anything_else() {
    let stopped = || stream(json!({ "wish": "stopped", "wish_at": NOW.0 }));
    let stopping = job(json!({ "status": "stopping", "heard": 1 }));
    assert_eq!(step(&view(stopped(), session(json!({})), vec![stopping])), Step::SendStop("j".into()));
    let sent = job(json!({ "status": "stopping", "heard": 1, "stop_sent_at": NOW.0 - SECOND }));
    assert!(!matches!(step(&view(stopped(), session(json!({})), vec![sent])), Step::SendStop(_)), "not twice within 20 s");
    let given_up_and_alive = job(json!({ "status": "aborted", "inferred": 1, "heard": 1 }));
    assert_eq!(step(&view(stream(json!({})), session(json!({})), vec![given_up_and_alive])), Step::SendStop("j".into()));
    let elsewhere = job(json!({ "status": "stopping", "heard": 1, "project": "other.livekit.cloud" }));
    assert!(!matches!(step(&view(stopped(), session(json!({})), vec![elsewhere])), Step::SendStop(_)));
}

#[test]
fn an_unknown_outcome_is_looked_for_and_given_up_after_90_seconds() {
    let lost =
        |age: i64| job(json!({ "status": "requested", "egress_id": null, "heard": null, "looked_at": null, "requested_at": NOW.0 - age }));
    let wanted = || stream(json!({ "wish": "auto", "wish_at": NOW.0 - HOUR, "status": "live" }));
    let in_hand = view(wanted(), session(json!({})), vec![lost(5 * SECOND)]);
    assert!(matches!(step(&in_hand), Step::Rest(_)), "whoever asked still waits for the answer");
    let unknown = view(wanted(), session(json!({})), vec![lost(20 * SECOND)]);
    assert_eq!(step(&unknown), Step::LookAtEgresses);
    let listed = Looked { egresses: true, listed: true, ..Looked::default() };
    assert!(matches!(next(&unknown, listed, PROJECT, NOW), Step::Rest(_)));
    let old = view(wanted(), session(json!({})), vec![lost(90 * SECOND)]);
    assert_eq!(next(&old, listed, PROJECT, NOW), Step::GiveUp("j".into()));
    let no_list = Looked { egresses: true, ..Looked::default() };
    assert!(!matches!(next(&old, no_list, PROJECT, NOW), Step::GiveUp(_)), "a list that did not come proves nothing");
}

#[test]
fn a_recorder_that_fails_at_once_is_not_hammered() {
    let wanted = || stream(json!({ "wish": "auto", "wish_at": NOW.0 - HOUR, "status": "live" }));
    let failed = |ago: i64| {
        job(
            json!({ "status": "failed", "heard": 3, "file": "no", "started_at": null, "requested_at": NOW.0 - ago - SECOND, "ended_at": NOW.0 - ago }),
        )
    };
    let starts = |jobs: Vec<Job>| matches!(step(&view(wanted(), session(json!({})), jobs)), Step::Start(_));
    assert!(!starts(vec![failed(10 * SECOND)]));
    assert!(starts(vec![failed(15 * SECOND)]));
    assert!(!starts(vec![failed(20 * SECOND), failed(60 * SECOND)]));
    let long = job(
        json!({ "status": "limit_reached", "heard": 3, "file": "yes", "started_at": NOW.0 - 3 * HOUR, "ended_at": NOW.0, "requested_at": NOW.0 - 3 * HOUR }),
    );
    let wanted = stream(json!({ "wish": "auto", "wish_at": NOW.0 - 4 * HOUR, "status": "live" }));
    assert_eq!(step(&view(wanted, session(json!({})), vec![long])), Step::Start("RM_1".into()), "the next part follows at once");
}

#[test]
fn the_next_part_needs_somebody_who_publishes() {
    let ended = job(
        json!({ "status": "complete", "heard": 3, "file": "yes", "ended_at": NOW.0 - HOUR, "started_at": NOW.0 - 2 * HOUR, "requested_at": NOW.0 - 2 * HOUR }),
    );
    let asked = stream(json!({ "wish": "asked", "wish_at": NOW.0 - 3 * HOUR, "status": "created" }));
    assert!(!matches!(step(&view(asked, session(json!({})), vec![ended])), Step::Start(_)));
}

#[test]
fn an_owners_end_closes_the_room_once_nothing_records() {
    let over = || stream(json!({ "status": "ended", "ended_at": NOW.0, "ended_by": "owner", "wish": "stopped", "wish_at": NOW.0 }));
    let open = view(over(), session(json!({})), vec![job(json!({ "status": "stopping", "heard": 1 }))]);
    assert_eq!(step(&open), Step::SendStop("j".into()));
    assert_eq!(next(&open, Looked { stop: true, ..Looked::default() }, PROJECT, NOW), Step::CloseRoom("RM_1".into()));
    let closed = view(over(), session(json!({ "ended_at": NOW.0 })), vec![]);
    assert_eq!(step(&closed), Step::Rest(None), "nothing is left to do");
}

#[test]
fn a_failed_jobs_file_is_asked_for_three_times() {
    let failed = |checks: i64, ago: i64| {
        let job =
            job(json!({ "status": "failed", "heard": 3, "file_checks": checks, "checked_at": NOW.0 - ago, "ended_at": NOW.0 - HOUR }));
        view(stream(json!({})), session(json!({ "ended_at": NOW.0 })), vec![job])
    };
    assert_eq!(step(&failed(0, 0)), Step::CheckFile("j".into()));
    assert_eq!(step(&failed(1, 30 * SECOND)), Step::Rest(Some(NOW.plus(30 * SECOND))));
    assert_eq!(step(&failed(2, 5 * MINUTE)), Step::CheckFile("j".into()));
}

#[test]
fn a_recorder_that_left_the_room_is_lost_after_two_looks_and_the_list() {
    let live = || stream(json!({ "wish": "auto", "wish_at": NOW.0 - HOUR, "status": "live" }));
    let listed = Looked { egresses: true, listed: true, ..Looked::default() };
    let absent = |ago: i64| view(live(), session(json!({})), vec![job(json!({ "absent_at": NOW.0 - ago }))]);
    assert!(matches!(next(&absent(MINUTE), listed, PROJECT, NOW), Step::Rest(_)), "seen once proves nothing");
    assert_eq!(step(&absent(2 * MINUTE)), Step::LookAtEgresses, "its ending may stand in the list");
    assert_eq!(next(&absent(2 * MINUTE), listed, PROJECT, NOW), Step::Lost("j".into()));
    let uploads =
        |ago: i64| view(live(), session(json!({})), vec![job(json!({ "status": "stopping", "heard": 2, "absent_at": NOW.0 - ago }))]);
    assert!(!matches!(next(&uploads(29 * MINUTE), listed, PROJECT, NOW), Step::Lost(_)), "a long file is being uploaded");
    assert_eq!(next(&uploads(30 * MINUTE), listed, PROJECT, NOW), Step::Lost("j".into()));
    // One that has not begun waits in the room; within a minute it may still be joining.
    let starting =
        |ago: i64| view(live(), session(json!({})), vec![job(json!({ "status": "starting", "heard": 0, "absent_at": NOW.0 - ago }))]);
    assert!(!matches!(next(&starting(MINUTE), listed, PROJECT, NOW), Step::Lost(_)));
    assert_eq!(next(&starting(2 * MINUTE), listed, PROJECT, NOW), Step::Lost("j".into()));
}

#[test]
fn a_job_that_nothing_is_heard_of_after_its_room_is_lost_after_half_an_hour() {
    let listed = Looked { egresses: true, listed: true, ..Looked::default() };
    let over = |ago: i64| {
        view(stream(json!({})), session(json!({ "ended_at": NOW.0 - ago })), vec![job(json!({ "status": "stopping", "heard": 2 }))])
    };
    assert!(matches!(next(&over(29 * MINUTE), listed, PROJECT, NOW), Step::Rest(Some(_))), "a long file is being uploaded");
    assert_eq!(next(&over(30 * MINUTE), listed, PROJECT, NOW), Step::Lost("j".into()));
}

#[test]
fn a_stop_that_was_heeded_and_then_silence_is_an_end_too() {
    let listed = Looked { egresses: true, listed: true, ..Looked::default() };
    let silent = |ago: i64| {
        let job = job(json!({ "status": "stopping", "heard": 2, "stop_sent_at": NOW.0 - ago }));
        view(stream(json!({ "wish": "stopped", "status": "live" })), session(json!({})), vec![job])
    };
    assert!(matches!(next(&silent(29 * MINUTE), listed, PROJECT, NOW), Step::Rest(Some(_))));
    assert_eq!(next(&silent(30 * MINUTE), listed, PROJECT, NOW), Step::Lost("j".into()));
}

#[test]
fn a_late_job_that_heeded_our_stop_and_then_silence_is_lost_like_any_other() {
    let listed = Looked { egresses: true, listed: true, ..Looked::default() };
    let late = |heard: i64, ago: i64| {
        let given_up = json!({
            "status": "aborted", "inferred": 1, "heard": heard, "stop_sent_at": NOW.0 - ago, "requested_at": NOW.0 - 40 * MINUTE, "ended_at": NOW.0 - 38 * MINUTE,
        });
        next(&view(stream(json!({ "status": "live" })), session(json!({})), vec![job(given_up)]), listed, PROJECT, NOW)
    };
    assert_eq!(late(2, 30 * MINUTE), Step::Lost("j".into()));
    assert!(!matches!(late(2, 29 * MINUTE), Step::Lost(_)), "it may upload");
    assert_eq!(late(1, 30 * MINUTE), Step::SendStop("j".into()), "one that records is stopped again");
}

fn limited(view: View, limits: Limits) -> View {
    View { limits, ..view }
}

#[test]
fn a_recording_that_is_too_long_is_cut_off_counting_all_its_parts() {
    let live = || stream(json!({ "wish": "auto", "wish_at": NOW.0 - 3 * HOUR, "status": "live" }));
    let part = |id: &str, ago: i64, status: &str| {
        job(
            json!({ "id": id, "status": status, "requested_at": NOW.0 - ago - SECOND, "started_at": NOW.0 - ago, "heard": if status == "recording" { 1 } else { 3 }, "file": "yes" }),
        )
    };
    let hour = Limits { recording_ms: Some(HOUR), at_once: None };
    let parts = |first: i64| {
        limited(view(live(), session(json!({})), vec![part("b", 5 * MINUTE, "recording"), part("a", first, "limit_reached")]), hour)
    };
    assert_eq!(step(&parts(HOUR)), Step::CutOff("b".into(), Runaway::TooLong));
    let Step::Rest(Some(at)) = step(&parts(HOUR - 10 * SECOND)) else { panic!() };
    assert_eq!(at, NOW.plus(10 * SECOND), "looked at when its time is over, not at the next look");
    assert!(matches!(step(&limited(parts(9 * HOUR), Limits::default())), Step::Rest(_)), "no limit is none");
    // Of an older wish: somebody started anew.
    let anew = stream(json!({ "wish": "asked", "wish_at": NOW.0 - 6 * MINUTE, "status": "live" }));
    let both = vec![part("b", 5 * MINUTE, "recording"), part("a", 2 * HOUR, "complete")];
    assert!(matches!(step(&limited(view(anew, session(json!({})), both), hour)), Step::Rest(_)));
}

#[test]
fn where_nobody_publishes_for_five_minutes_it_is_cut_off_once_livekit_says_so() {
    let quiet = |ago: i64, looked: i64| {
        let stream = stream(
            json!({ "wish": "auto", "wish_at": NOW.0 - HOUR, "status": "created", "quiet_at": NOW.0 - ago, "published_at": NOW.0 - HOUR }),
        );
        let running = job(json!({ "requested_at": NOW.0 - HOUR, "started_at": NOW.0 - HOUR }));
        view(stream, session(json!({ "looked_at": NOW.0 - looked })), vec![running])
    };
    let Step::Rest(Some(at)) = step(&quiet(4 * MINUTE, 0)) else { panic!() };
    assert_eq!(at, NOW.plus(MINUTE));
    assert_eq!(step(&quiet(5 * MINUTE, MINUTE)), Step::LookAtRoom, "the word of a track may be lost");
    assert_eq!(step(&quiet(5 * MINUTE, 0)), Step::CutOff("j".into(), Runaway::Quiet));
    let unanswered = next(&quiet(5 * MINUTE, MINUTE), Looked { room: true, ..Looked::default() }, PROJECT, NOW);
    assert!(matches!(unanswered, Step::Rest(Some(_))), "a list that did not come proves nothing: {unanswered:?}");
    let mut live = quiet(HOUR, 0);
    live.stream.status = "live".into();
    assert!(matches!(step(&live), Step::Rest(_)));
}

#[test]
fn a_recorder_that_waits_for_anybody_at_all_waits_five_minutes() {
    let asked = || stream(json!({ "wish": "asked", "wish_at": NOW.0 - 6 * MINUTE, "status": "created" }));
    let waiting = |ago: i64| job(json!({ "status": "starting", "heard": 0, "started_at": null, "requested_at": NOW.0 - ago }));
    assert!(matches!(step(&view(asked(), session(json!({})), vec![waiting(4 * MINUTE)])), Step::Rest(_)));
    assert_eq!(step(&view(asked(), session(json!({})), vec![waiting(5 * MINUTE)])), Step::CutOff("j".into(), Runaway::Quiet));
    let cut_off = job(
        json!({ "status": "aborted", "heard": 3, "file": "no", "started_at": null, "requested_at": NOW.0 - 6 * MINUTE, "ended_at": NOW.0 - MINUTE }),
    );
    assert!(matches!(step(&view(asked(), session(json!({})), vec![cut_off])), Step::Rest(_)), "not again before somebody publishes");
}

#[test]
fn a_user_with_as_many_at_once_as_may_be_waits() {
    let wanted = || view(stream(json!({ "wish": "auto", "wish_at": NOW.0, "status": "live" })), session(json!({})), vec![]);
    let most = |at_once: i64| View { at_once, limits: Limits { at_once: Some(2), recording_ms: None }, ..wanted() };
    assert_eq!(step(&most(1)), Step::Start("RM_1".into()));
    assert_eq!(step(&most(2)), Step::TooMany);
    let told = next(&most(2), Looked { start: true, ..Looked::default() }, PROJECT, NOW);
    assert!(matches!(told, Step::Rest(Some(at)) if at.since(NOW) <= MINUTE), "asked again at the next run: {told:?}");
}
