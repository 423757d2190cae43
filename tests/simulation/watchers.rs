//! What must never be committed: triggers beside the schema, in SQL.

/// Watches every committed change by triggers, which roll back with what they watched.
pub const WATCHERS: &str = "
CREATE TEMP TABLE violations (what TEXT NOT NULL);
CREATE TEMP TRIGGER a_state_went_backwards AFTER UPDATE OF status, inferred ON main.egresses
WHEN NOT (
  (NEW.status = OLD.status AND NEW.inferred = OLD.inferred)
  OR (OLD.status NOT IN ('complete', 'failed', 'aborted', 'limit_reached') AND
      instr('requested starting recording stopping complete failed aborted limit_reached', NEW.status)
      > instr('requested starting recording stopping complete failed aborted limit_reached', OLD.status))
  OR (OLD.inferred = 1 AND NEW.inferred = 0 AND NEW.status IN ('complete', 'failed', 'aborted', 'limit_reached')))
BEGIN
  INSERT INTO violations VALUES ('job went from ' || OLD.status || OLD.inferred || ' to ' || NEW.status || NEW.inferred);
END;
CREATE TEMP TRIGGER a_ready_recording_was_lost AFTER UPDATE OF status ON main.assets
WHEN OLD.status = 'ready' AND NEW.status NOT IN ('ready', 'deleting')
  AND NOT (NEW.status = 'missing' AND OLD.object_expires_at IS NOT NULL AND OLD.saved = 0)
BEGIN INSERT INTO violations VALUES ('recording went from ready to ' || NEW.status); END;
CREATE TEMP TRIGGER an_ended_stream_came_back AFTER UPDATE OF ended_at, status ON main.live_streams
WHEN OLD.ended_by = 'owner' AND (NEW.ended_at IS NULL OR NEW.status <> 'ended')
BEGIN INSERT INTO violations VALUES ('a stream that its owner ended came back'); END;
CREATE TEMP TRIGGER a_session_came_back AFTER UPDATE OF ended_at ON main.sessions
WHEN OLD.ended_at IS NOT NULL AND NEW.ended_at IS NULL
BEGIN INSERT INTO violations VALUES ('a session that was over came back'); END;
CREATE TEMP TRIGGER an_egress_changed_its_job AFTER UPDATE OF egress_id ON main.egresses
WHEN OLD.egress_id IS NOT NULL AND OLD.egress_id IS NOT NEW.egress_id
BEGIN INSERT INTO violations VALUES ('a job changed its egress'); END;
CREATE TEMP TRIGGER a_count_below_zero AFTER UPDATE OF viewer_count ON main.live_streams
WHEN NEW.viewer_count < 0 OR NEW.peak_viewers < NEW.viewer_count
BEGIN INSERT INTO violations VALUES ('viewers below zero or above their peak'); END;
CREATE TEMP TABLE commits (n INTEGER PRIMARY KEY, event TEXT, room TEXT);
CREATE TEMP TRIGGER an_event_was_filed AFTER INSERT ON main.webhook_events
BEGIN INSERT INTO commits (event) VALUES (NEW.id); END;
CREATE TEMP TRIGGER a_stream_was_made AFTER INSERT ON main.live_streams
BEGIN INSERT INTO commits (room) VALUES (NEW.room_name); END;
CREATE TEMP TABLE gone (asset_id TEXT NOT NULL, job_id TEXT NOT NULL, object_key TEXT NOT NULL, expires_at INTEGER);
CREATE TEMP TRIGGER a_recording_goes AFTER UPDATE OF status ON main.assets
WHEN OLD.status <> 'deleting' AND NEW.status = 'deleting'
BEGIN
  INSERT INTO gone SELECT OLD.id, OLD.job_id, e.object_key, CASE WHEN OLD.status = 'ready' THEN OLD.expires_at END
    FROM main.egresses e WHERE e.id = OLD.job_id;
END;
CREATE TEMP TRIGGER a_deleted_recording_changed AFTER UPDATE OF status, saved, saved_key ON main.assets
WHEN OLD.status = 'deleting' AND (NEW.status <> 'deleting' OR NEW.saved <> OLD.saved OR NEW.saved_key IS NOT OLD.saved_key)
BEGIN INSERT INTO violations VALUES ('a recording went from deleting to ' || NEW.status || NEW.saved); END;
CREATE TEMP TRIGGER a_deleted_recording_was_made_again AFTER INSERT ON main.assets
WHEN EXISTS (SELECT 1 FROM gone WHERE job_id = NEW.job_id)
BEGIN INSERT INTO violations VALUES ('a deleted recording was made again'); END;
CREATE TEMP TRIGGER a_recording_went_without_a_tombstone AFTER DELETE ON main.assets
WHEN OLD.status <> 'deleting'
BEGIN INSERT INTO violations VALUES ('a recording went that was ' || OLD.status); END;
CREATE TEMP TRIGGER a_tombstone_went AFTER UPDATE OF deleted_at ON main.egresses
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL
BEGIN INSERT INTO violations VALUES ('a tombstone went'); END;
CREATE TEMP TRIGGER a_saved_recording_was_lost AFTER UPDATE OF saved, saved_key, expires_at ON main.assets
WHEN OLD.saved_key IS NOT NULL AND (NEW.saved_key IS NOT OLD.saved_key OR NEW.saved = 0 OR NEW.expires_at IS NOT NULL)
BEGIN INSERT INTO violations VALUES ('a saved recording is not saved any more'); END;
";
