//! The life of a recording: STARTING, ACTIVE as soon as somebody publishes, ENDING, the upload,
//! COMPLETE or FAILED; or ABORTED when it was stopped before there was anything to record.
//!
//! The waiting times are those seen on a machine with two cores, divided by `--speed`; the times in
//! events are the real ones.

use std::sync::Arc;

use livekit_protocol::{DisconnectReason, EgressInfo, EgressStatus};

use super::egress::Egress;
use super::egress_request::Recording;
use super::ending::Ending;
use super::room::Room;
use super::twirp::TwirpError;
use super::{StandIn, participant, webhook};

/// From the request to `startedAt` and egress_started; the answer follows a little later.
const ACCEPTED: f64 = 0.5;
const ANSWERED: f64 = 0.05;
/// From `startedAt` to the recorder's participant_joined, and to the first frame.
const RECORDER_JOINS: f64 = 1.0;
const FIRST_FRAME: f64 = 3.1;
/// How often a recorder without anything to record looks again.
const LOOKS_AGAIN: f64 = 0.2;
/// From ENDING to the upload, and from the upload to egress_ended.
const FILE_CLOSED: f64 = 0.1;
const UPLOAD_REPORTED: f64 = 0.15;
/// A recorder leaves without saying so; the room notices this much later.
const RECORDER_MISSED: f64 = 20.0;

/// What a recorder that has not begun finds when it looks.
#[derive(PartialEq, Eq)]
enum Outlook {
    /// The room has gone, or the recording was stopped.
    Over,
    NothingYet,
    Tracks,
}

impl StandIn {
    /// Starts recording and answers when LiveKit would, with STARTING.
    pub(super) async fn start(self: Arc<Self>, recording: Recording) -> Result<EgressInfo, TwirpError> {
        let room_name = recording.shown.room_name.clone();
        self.sid_of(&room_name)?;
        self.pace.sleep(ACCEPTED).await;
        // It may have closed in the meantime.
        let room_sid = self.sid_of(&room_name)?;
        let egress = Egress::new(recording, &room_sid);
        let info = egress.info.clone();
        self.announce("egress_started", &egress);
        self.world().egresses.insert(info.egress_id.clone(), egress);
        tokio::spawn(Arc::clone(&self).record(info.clone()));
        self.pace.sleep(ANSWERED).await;
        Ok(info)
    }

    fn sid_of(&self, room_name: &str) -> Result<String, TwirpError> {
        let world = self.world();
        let room = world.rooms.get(room_name);
        room.map(|room| room.sid().to_owned()).ok_or_else(|| TwirpError::not_found("requested room does not exist"))
    }

    /// The recorder: joins, waits for tracks, and records until somebody stops it.
    async fn record(self: Arc<Self>, started: EgressInfo) {
        self.pace.sleep(RECORDER_JOINS).await;
        if self.outlook(&started) == Outlook::Over {
            return;
        }
        self.join(&started.room_name, participant::recorder(&started.egress_id));
        self.pace.sleep(FIRST_FRAME - RECORDER_JOINS).await;
        loop {
            match self.outlook(&started) {
                Outlook::Over => return,
                Outlook::NothingYet => self.pace.sleep(LOOKS_AGAIN).await,
                Outlook::Tracks => break,
            }
        }
        if let Some(egress) = self.world().egresses.get_mut(&started.egress_id) {
            egress.activate(self.pace);
            if let (Some(output), Some(clock)) = (&egress.recording.segments, &egress.clock) {
                egress.segments = Some(self.write_segments(&started.egress_id, output, Arc::clone(clock)));
            }
            if let (Some(target), Some(clock)) = (&egress.recording.images, &egress.clock) {
                egress.images = Some(self.write_images(&started.egress_id, target, Arc::clone(clock)));
            }
            self.announce("egress_updated", egress);
        }
    }

    fn outlook(&self, started: &EgressInfo) -> Outlook {
        let world = self.world();
        let room = world.rooms.get(&started.room_name);
        let room = room.filter(|room| room.sid() == started.room_id);
        let egress = world.egresses.get(&started.egress_id);
        let starting = egress.is_some_and(|egress| egress.info.status() == EgressStatus::EgressStarting && !egress.dead);
        match room.map(Room::has_tracks) {
            Some(has_tracks) if starting => {
                if has_tracks {
                    Outlook::Tracks
                } else {
                    Outlook::NothingYet
                }
            }
            _ => Outlook::Over,
        }
    }

    /// Ends a recording: an active one goes on to upload, one without a frame is aborted.
    pub(super) fn end(self: &Arc<Self>, id: &str, ending: Ending) {
        let mut world = self.world();
        let Some(egress) = world.egresses.get_mut(id).filter(|egress| !egress.dead) else {
            return;
        };
        match egress.info.status() {
            EgressStatus::EgressStarting => {
                egress.abort(ending);
                self.announce("egress_ended", egress);
                self.miss_recorder(&egress.info);
            }
            EgressStatus::EgressActive if egress.begin_ending(ending) => {
                if egress.is_ending() {
                    self.announce("egress_updated", egress);
                }
                let (info, recording) = (egress.info.clone(), egress.recording.clone());
                egress.finishing = Some(tokio::spawn(Arc::clone(self).finish(info, recording)).abort_handle());
            }
            _ => {}
        }
    }

    /// Every recording of a room that is gone.
    pub(super) fn source_closed(self: &Arc<Self>, room_sid: &str) {
        let ids: Vec<String> = {
            let world = self.world();
            let egresses = world.egresses.iter();
            let of_room = egresses.filter(|(_, egress)| egress.info.room_id == room_sid);
            of_room.map(|(id, _)| id.clone()).collect()
        };
        for id in ids {
            self.end(&id, Ending::SourceClosed);
        }
    }

    /// Uploads and reports. Every output is brought to its end, also when another one failed.
    async fn finish(self: Arc<Self>, info: EgressInfo, recording: Recording) {
        self.pace.sleep(FILE_CLOSED).await;
        let segments = self.world().egresses.get_mut(&info.egress_id).and_then(|egress| egress.segments.take());
        let (file, segments) = tokio::join!(self.store_file(&info, &recording), async {
            match segments {
                Some(segments) => segments.finished().await,
                None => Ok(()),
            }
        });
        let uploaded = file.and(segments);
        if uploaded.is_ok() {
            self.store_manifests(&info, &recording).await;
        }
        self.pace.sleep(UPLOAD_REPORTED).await;
        let mut world = self.world();
        // A reset may have forgotten it, or somebody killed the recorder meanwhile.
        let egress = world.egresses.get_mut(&info.egress_id).filter(|egress| !egress.is_over() && !egress.dead);
        if let Some(egress) = egress {
            egress.conclude(uploaded);
            self.announce("egress_ended", egress);
            self.miss_recorder(&info);
        }
    }

    /// An output was refused for good: while it records, that is the end, at once.
    pub(super) fn output_refused(self: &Arc<Self>, id: &str, error: &str) {
        let mut world = self.world();
        let egress = world.egresses.get_mut(id).filter(|egress| egress.is_recording());
        if let Some(egress) = egress {
            egress.fail(error.to_owned());
            self.announce("egress_ended", egress);
            self.miss_recorder(&egress.info);
        }
    }

    /// `kill -9` of the recorder's process: told at once, nothing more is uploaded.
    pub(super) fn kill_recorder(self: &Arc<Self>, id: &str) {
        let mut world = self.world();
        if let Some(egress) = world.egresses.get_mut(id).filter(|egress| !egress.is_over() && !egress.dead) {
            egress.killed();
            self.announce("egress_ended", egress);
            self.miss_recorder(&egress.info);
        }
    }

    /// `kill -9` of the recorder's whole service: nobody is told, LiveKit lists it as it was for ever.
    pub(super) fn kill_service(self: &Arc<Self>, id: &str) {
        if let Some(egress) = self.world().egresses.get_mut(id) {
            egress.drop_work();
            egress.dead = true;
            self.miss_recorder(&egress.info);
        }
    }

    fn announce(&self, event_name: &str, egress: &Egress) {
        let mut event = webhook::event(event_name);
        event.egress_info = Some(egress.info.clone());
        self.webhooks.send(&egress.info.egress_id, &event, &egress.recording.webhooks);
    }

    /// The room, if it still lives, finds out late that the recorder is gone.
    fn miss_recorder(self: &Arc<Self>, info: &EgressInfo) {
        let stand_in = Arc::clone(self);
        let (room_name, identity) = (info.room_name.clone(), info.egress_id.clone());
        tokio::spawn(async move {
            stand_in.pace.sleep(RECORDER_MISSED).await;
            // No two recorders have the same identity, so a later room of that name is not disturbed.
            stand_in.leave(&room_name, &identity, DisconnectReason::ConnectionTimeout);
        });
    }
}
