//! LiveKit's recorder as a model: the life of an egress, as it was seen on the real one.

use std::rc::Rc;

use livekit_storj::storj::key::picture_key;

use super::cutter::{Cut, cut};
use super::egress::Egress;
use super::fault::{Edge, Fault};
use super::livekit::{join, leave};
use super::plan::Outage;
use super::webhooks::tell_of_egress;
use super::world::World;

/// Why it does not go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Stopped,
    RoomOver,
    Dead,
    Ready,
}

/// From its start to its end.
pub async fn life(world: Rc<World>, n: usize) {
    let id = world.livekit.borrow().egresses[n].id.clone();
    let fate = world.fault(&id, Edge::Egress);
    tell(&world, n, "egress_started", |_| {});
    // (1) The recorder joins and waits for somebody who publishes.
    let room = world.livekit.borrow().egresses[n].room.clone();
    join(&world, &room, &id, true);
    let dies = fate == Some(Fault::RecorderDies) && world.dice.chance(&id, "early", 500);
    let dies = dies.then(|| world.now() + world.dice.ms(&id, "early death", 500, 10_000));
    let mut met = wait(&world, n, dies, |world, egress| world.livekit.borrow().is_published_in(&egress.room_sid)).await;
    if met == Some(Until::Ready) {
        let warm = world.now() + world.dice.ms(&id, "warm-up", 3_200, 4_000);
        met = wait(&world, n, Some(dies.map_or(warm, |dies| dies.min(warm))), |_, _| false).await;
    }
    if met.is_none() && dies.is_some_and(|at| at <= world.now()) {
        world.count("recorders died before they recorded");
        world.livekit.borrow_mut().egresses[n].dead = true;
        return leaves(&world, &room, &id);
    }
    match met {
        Some(Until::Dead) => return leaves(&world, &room, &id),
        Some(Until::Stopped | Until::RoomOver) => {
            leaves(&world, &room, &id);
            return end(&world, n, "EGRESS_ABORTED", "Start signal not received", 412, 0);
        }
        _ => {}
    }
    if fate == Some(Fault::NeverStarts) {
        leaves(&world, &room, &id);
        return end(&world, n, "EGRESS_FAILED", "Chrome exited", 500, 0);
    }
    // (2) It records.
    tell(&world, n, "egress_updated", |egress| (egress.status, egress.first_frame) = ("EGRESS_ACTIVE", world.livekit_now()));
    if !picture(&world, n) {
        return end(&world, n, "EGRESS_FAILED", "S3 upload failed: StatusCode: 403", 400, 0);
    }
    let segments = world.livekit.borrow().egresses[n].segments;
    let fate = fate.filter(|fate| segments || !matches!(fate, Fault::SegmentRefused | Fault::SegmentLost));
    let fated = matches!(
        fate,
        Some(
            Fault::RecorderFails
                | Fault::RecorderLosesRoom
                | Fault::RecorderDies
                | Fault::LimitReached
                | Fault::SegmentRefused
                | Fault::FileAfterAll
        )
    );
    let until = fated.then(|| world.now() + world.dice.ms(&id, "fate", 500, 150_000));
    let met = wait(&world, n, until, |_, _| false).await;
    let length = world.livekit_now() - world.livekit.borrow().egresses[n].first_frame;
    // The last one was written moments ago; whether the bucket took it makes no difference any more.
    picture(&world, n);
    let size = 1_000 + length.unsigned_abs() * 300;
    if met == Some(Until::Dead) {
        return;
    }
    leaves(&world, &room, &id);
    match (met, fate) {
        (None, Some(Fault::RecorderDies)) => {
            world.livekit.borrow_mut().egresses[n].dead = true;
            return cut(&world, n, Cut::Off);
        }
        (None, Some(Fault::RecorderFails)) => {
            cut(&world, n, Cut::Off);
            return end(&world, n, "EGRESS_FAILED", "signal: killed", 500, 0);
        }
        (None, Some(Fault::FileAfterAll)) => {
            cut(&world, n, Cut::Off);
            upload(&world, n, size, fate);
            return end(&world, n, "EGRESS_FAILED", "signal: killed", 500, 0);
        }
        (None, Some(Fault::SegmentRefused)) => {
            cut(&world, n, Cut::Off);
            return end(&world, n, "EGRESS_FAILED", "S3 upload failed: StatusCode: 403", 400, 0);
        }
        (None, Some(Fault::RecorderLosesRoom)) => {
            cut(&world, n, Cut::Whole);
            let size = upload(&world, n, size, fate);
            return end(&world, n, "EGRESS_FAILED", "lost the room", 503, size);
        }
        _ => {}
    }
    // (3) It uploads.
    let fate = fate.filter(|fate| *fate != Fault::FileAfterAll);
    cut(&world, n, if fate == Some(Fault::SegmentLost) { Cut::WithAHole } else { Cut::Whole });
    tell(&world, n, "egress_updated", |egress| egress.status = "EGRESS_ENDING");
    world.exec.sleep(world.dice.ms(&id, "upload", 280, 6_000)).await;
    if world.livekit.borrow().egresses[n].dead {
        return;
    }
    if fate == Some(Fault::UploadFails) || world.is_away(Outage::Storj) || world.is_away(Outage::Key) {
        return end(
            &world,
            n,
            "EGRESS_FAILED",
            if world.is_away(Outage::Storj) { "S3 upload failed: StatusCode: 503" } else { "S3 upload failed: StatusCode: 403" },
            400,
            0,
        );
    }
    let size = upload(&world, n, size, fate);
    match fate {
        Some(Fault::DiesAfterUpload) => {
            world.livekit.borrow_mut().egresses[n].dead = true;
            return;
        }
        Some(Fault::SegmentLost) => return end(&world, n, "EGRESS_FAILED", "S3 upload failed: StatusCode: 503", 400, size),
        Some(Fault::UploadUntold) => return end(&world, n, "EGRESS_FAILED", "signal: killed", 500, 0),
        _ => {}
    }
    let limit = met.is_none() && fate == Some(Fault::LimitReached);
    end(&world, n, if limit { "EGRESS_LIMIT_REACHED" } else { "EGRESS_COMPLETE" }, "", 0, size);
}

/// A recorder leaves without a word: its room notices 20 s later.
fn leaves(world: &Rc<World>, room: &str, id: &str) {
    let (noticed, room, id) = (world.clone(), room.to_owned(), id.to_owned());
    world.exec.spawn(async move {
        noticed.exec.sleep(20_000).await;
        leave(&noticed, &room, &id);
    });
}

/// Waits for `ready`, a stop, the room's end, its own death, or `until` (then `None`).
async fn wait(world: &Rc<World>, n: usize, until: Option<i64>, ready: impl Fn(&World, &Egress) -> bool) -> Option<Until> {
    let look = || {
        let egress = world.livekit.borrow().egresses[n].clone();
        let over = !world.livekit.borrow().has_room(&egress.room_sid);
        match () {
            () if egress.dead => Some(Until::Dead),
            () if egress.asked_to_stop => Some(Until::Stopped),
            () if over => Some(Until::RoomOver),
            () if ready(world, &egress) => Some(Until::Ready),
            () => None,
        }
    };
    world.exec.park(until, look).await
}

/// Writes the picture once more, if the egress was asked for one. Answers whether the bucket did not refuse it.
fn picture(world: &World, n: usize) -> bool {
    let (asked, key) = (world.livekit.borrow().egresses[n].picture, picture_key(&world.livekit.borrow().egresses[n].key));
    if !asked || world.is_away(Outage::Storj) {
        return true;
    }
    if world.is_away(Outage::Key) {
        return false;
    }
    world.count("pictures were written");
    world.storj.borrow_mut().objects.insert(key, 11_000);
    true
}

/// The object is there before anybody is told. Answers the size that LiveKit tells.
fn upload(world: &Rc<World>, n: usize, size: u64, fate: Option<Fault>) -> u64 {
    let key = world.livekit.borrow().egresses[n].key.clone();
    let half = world.dice.chance(&key, "half", 500);
    let written = match fate {
        Some(Fault::UploadShort) if half => size / 2,
        Some(Fault::UploadShort) => size - 500,
        _ => size,
    };
    match fate {
        Some(Fault::UploadMissing) => {}
        Some(Fault::UploadLate | Fault::FileAfterAll) => {
            let (least, most) = if fate == Some(Fault::UploadLate) { (1_000, 50_000) } else { (1_000, 200_000) };
            let (world, late) = (world.clone(), world.dice.ms(&key, "late", least, most));
            world.clone().exec.spawn(async move {
                world.exec.sleep(late).await;
                put(&world, n, key, written);
            });
        }
        _ => put(world, n, key, written),
    }
    size
}

/// The object is there from now on, until its time is over.
fn put(world: &World, n: usize, key: String, bytes: u64) {
    let (ttl, mut storj) = (world.livekit.borrow().egresses[n].ttl, world.storj.borrow_mut());
    storj.expires.extend(ttl.map(|ttl| (key.clone(), world.now() + ttl)));
    storj.objects.insert(key, bytes);
}

fn end(world: &Rc<World>, n: usize, status: &'static str, error: &'static str, code: u64, size: u64) {
    world.count(format!("egress ends {status}"));
    let ended = world.livekit_now();
    tell(world, n, "egress_ended", |egress| {
        (egress.status, egress.error, egress.error_code, egress.size, egress.ended) = (status, error, code, size, ended);
    });
}

fn tell(world: &Rc<World>, n: usize, event: &str, change: impl FnOnce(&mut Egress)) {
    change(&mut world.livekit.borrow_mut().egresses[n]);
    let egress = world.livekit.borrow().egresses[n].clone();
    tell_of_egress(world, &egress, event);
}
