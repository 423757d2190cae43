-- What recordings cost: by month (UTC), kept by triggers, so that a bill reads a row a month however many
-- recordings there are. A recording counts in the month in which it was asked for: that time never changes,
-- whatever is heard of it later.
CREATE TABLE usage_months (
  -- 2026-11
  month            TEXT PRIMARY KEY,
  recordings       INTEGER NOT NULL DEFAULT 0,
  recorded_ms      INTEGER NOT NULL DEFAULT 0,
  -- Each recording rounded up to a whole minute, as LiveKit bills it.
  minutes          INTEGER NOT NULL DEFAULT 0,
  -- The files of this month's recordings, and of them those that are still kept.
  added_bytes      INTEGER NOT NULL DEFAULT 0,
  kept_bytes       INTEGER NOT NULL DEFAULT 0,
  downloads        INTEGER NOT NULL DEFAULT 0,
  downloaded_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What LiveKit bills of a job, once it is over: from the first frame on. An ending without a length of its own
-- (a crash) counts until it was noticed.
ALTER TABLE egresses ADD COLUMN billed_ms INTEGER GENERATED ALWAYS AS (
  CASE WHEN started_at IS NULL OR status NOT IN ('complete', 'failed', 'aborted', 'limit_reached') THEN 0
       ELSE COALESCE(duration_ms, max(COALESCE(ended_at, started_at) - started_at, 0)) END) VIRTUAL;

CREATE TRIGGER usage_recorded AFTER UPDATE ON egresses
WHEN NEW.billed_ms <> OLD.billed_ms
BEGIN
  INSERT INTO usage_months (month, recordings, recorded_ms, minutes)
  VALUES (strftime('%Y-%m', NEW.requested_at / 1000, 'unixepoch'), (NEW.billed_ms > 0) - (OLD.billed_ms > 0),
          NEW.billed_ms - OLD.billed_ms, (NEW.billed_ms + 59999) / 60000 - (OLD.billed_ms + 59999) / 60000)
  ON CONFLICT (month) DO UPDATE SET recordings = recordings + excluded.recordings,
    recorded_ms = recorded_ms + excluded.recorded_ms, minutes = minutes + excluded.minutes;
END;

-- What a recording's file takes in the bucket.
ALTER TABLE assets ADD COLUMN kept_bytes INTEGER GENERATED ALWAYS AS (
  CASE WHEN status = 'ready' THEN COALESCE(size_bytes, 0) ELSE 0 END) VIRTUAL;

CREATE TRIGGER usage_kept_new AFTER INSERT ON assets
WHEN NEW.kept_bytes > 0
BEGIN
  INSERT INTO usage_months (month, added_bytes, kept_bytes)
  VALUES (strftime('%Y-%m', NEW.created_at / 1000, 'unixepoch'), NEW.kept_bytes, NEW.kept_bytes)
  ON CONFLICT (month) DO UPDATE SET added_bytes = added_bytes + excluded.added_bytes, kept_bytes = kept_bytes + excluded.kept_bytes;
END;

-- Once stored it was stored, and Storj bills 30 days of it: `added_bytes` only grows.
CREATE TRIGGER usage_kept_changed AFTER UPDATE ON assets
WHEN NEW.kept_bytes <> OLD.kept_bytes
BEGIN
  INSERT INTO usage_months (month, added_bytes, kept_bytes)
  VALUES (strftime('%Y-%m', NEW.created_at / 1000, 'unixepoch'), max(NEW.kept_bytes - OLD.kept_bytes, 0), NEW.kept_bytes - OLD.kept_bytes)
  ON CONFLICT (month) DO UPDATE SET added_bytes = added_bytes + excluded.added_bytes, kept_bytes = kept_bytes + excluded.kept_bytes;
END;

CREATE TRIGGER usage_kept_gone AFTER DELETE ON assets
WHEN OLD.kept_bytes > 0
BEGIN
  UPDATE usage_months SET kept_bytes = kept_bytes - OLD.kept_bytes
   WHERE month = strftime('%Y-%m', OLD.created_at / 1000, 'unixepoch');
END;

-- Each download counts whole: how much of it was fetched, only Storj knows.
CREATE TRIGGER usage_downloaded AFTER INSERT ON downloads
BEGIN
  INSERT INTO usage_months (month, downloads, downloaded_bytes)
  SELECT strftime('%Y-%m', NEW.downloaded_at / 1000, 'unixepoch'), 1,
         COALESCE((SELECT size_bytes FROM assets WHERE id = NEW.asset_id), 0) WHERE true
  ON CONFLICT (month) DO UPDATE SET downloads = downloads + 1, downloaded_bytes = downloaded_bytes + excluded.downloaded_bytes;
END;

-- What was there before this table.
INSERT INTO usage_months (month, recordings, recorded_ms, minutes)
SELECT strftime('%Y-%m', requested_at / 1000, 'unixepoch'), count(*), sum(billed_ms), sum((billed_ms + 59999) / 60000)
  FROM egresses WHERE billed_ms > 0 GROUP BY 1;

INSERT INTO usage_months (month, added_bytes, kept_bytes)
SELECT strftime('%Y-%m', created_at / 1000, 'unixepoch'), sum(kept_bytes), sum(kept_bytes)
  FROM assets WHERE kept_bytes > 0 GROUP BY 1
ON CONFLICT (month) DO UPDATE SET added_bytes = excluded.added_bytes, kept_bytes = excluded.kept_bytes;

INSERT INTO usage_months (month, downloads, downloaded_bytes)
SELECT strftime('%Y-%m', d.downloaded_at / 1000, 'unixepoch'), count(*), COALESCE(sum(a.size_bytes), 0)
  FROM downloads d LEFT JOIN assets a ON a.id = d.asset_id WHERE true GROUP BY 1
ON CONFLICT (month) DO UPDATE SET downloads = excluded.downloads, downloaded_bytes = excluded.downloaded_bytes;

-- Recordings that run away. Since when nobody publishes in a stream that was live; NULL while somebody does.
ALTER TABLE live_streams ADD COLUMN quiet_at INTEGER;
-- Why this Worker stopped a job by itself: a code of ours.
ALTER TABLE egresses ADD COLUMN stop_reason TEXT;
-- How many recordings a user has at once.
CREATE INDEX egresses_at_once ON egresses (owner_id) WHERE status IN ('requested', 'starting', 'recording');

-- What is still to be told at NOTIFY_URL. Filled by triggers, so that whatever makes a recording ready, lost or
-- gone also makes the message, in the same transaction. The id is the message's own at each try, and tells one
-- event of one recording once.
ALTER TABLE egresses ADD COLUMN told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1));

CREATE TABLE outbox (
  id       TEXT PRIMARY KEY,
  event    TEXT NOT NULL CHECK (event IN ('recording.ready', 'recording.failed', 'recording.deleted')),
  data     TEXT NOT NULL,
  tries    INTEGER NOT NULL DEFAULT 0,
  first_at INTEGER,
  due_at   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX outbox_due ON outbox (due_at);

CREATE TRIGGER outbox_ready AFTER UPDATE OF status ON assets
WHEN NEW.status = 'ready' AND OLD.status IN ('processing', 'missing')
BEGIN
  INSERT INTO outbox (id, event, data)
  VALUES ('ready_' || NEW.id, 'recording.ready', json_object(
    'recordingId', NEW.id, 'streamId', NEW.stream_id, 'egressId', NEW.livepeer_asset_id, 'title', NEW.title,
    'roomName', NEW.room_name, 'ownerId', NEW.owner_id, 'visibility', NEW.visibility, 'part', NEW.part,
    'filename', NEW.object_key, 'durationMs', NEW.duration_ms, 'sizeBytes', NEW.size_bytes, 'quality', NEW.quality,
    'format', NEW.format, 'partial', json(iif(NEW.partial = 1, 'true', 'false')), 'startedAt', NEW.started_at,
    'endedAt', NEW.ended_at, 'expiresAt', NEW.expires_at))
  ON CONFLICT (id) DO NOTHING;
END;

-- Its file is not there, confirmed.
CREATE TRIGGER outbox_missing AFTER UPDATE OF status ON assets
WHEN NEW.status = 'missing' AND OLD.status = 'processing'
BEGIN
  INSERT INTO outbox (id, event, data)
  VALUES ('failed_' || NEW.job_id, 'recording.failed', json_object(
    'recordingId', NEW.id, 'streamId', NEW.stream_id, 'egressId', NEW.livepeer_asset_id, 'roomName', NEW.room_name,
    'ownerId', NEW.owner_id, 'part', NEW.part, 'error', 'file_missing', 'endedAt', NEW.ended_at))
  ON CONFLICT (id) DO NOTHING;
END;

-- A job that LiveKit took and that left no file: it never became a recording. What LiveKit did not take is tried
-- again and told by nobody.
CREATE TRIGGER outbox_failed AFTER UPDATE OF file ON egresses
WHEN NEW.file = 'no' AND OLD.file = 'unknown' AND NEW.status = 'failed' AND NEW.egress_id IS NOT NULL AND NEW.told = 0
BEGIN
  INSERT INTO outbox (id, event, data)
  VALUES ('failed_' || NEW.id, 'recording.failed', json_object(
    'recordingId', NULL, 'streamId', NEW.stream_id, 'egressId', NEW.egress_id, 'roomName', NEW.room_name,
    'ownerId', NEW.owner_id, 'part', NEW.part, 'error', NEW.error, 'endedAt', NEW.ended_at))
  ON CONFLICT (id) DO NOTHING;
  -- LiveKit may say the same again, and the file is looked for again.
  UPDATE egresses SET told = 1 WHERE id = NEW.id;
END;

-- The row goes last, when every object has gone. Nothing is told of it but which one it was.
CREATE TRIGGER outbox_deleted AFTER DELETE ON assets
BEGIN
  INSERT INTO outbox (id, event, data)
  VALUES ('deleted_' || OLD.id, 'recording.deleted', json_object(
    'recordingId', OLD.id, 'streamId', OLD.stream_id, 'egressId', OLD.livepeer_asset_id, 'roomName', OLD.room_name,
    'ownerId', OLD.owner_id, 'part', OLD.part))
  ON CONFLICT (id) DO NOTHING;
END;

-- The doctor. Which storage key LiveKit was handed for a job (`storj::object::proof_id`): to be revoked no sooner
-- than the job has ended.
ALTER TABLE egresses ADD COLUMN storage_key TEXT;

-- Webhooks that were refused, by the key that they say they are signed with and the reason: at least so often.
CREATE TABLE webhook_refusals (
  signer     TEXT NOT NULL,
  why        TEXT NOT NULL,
  times      INTEGER NOT NULL,
  refused_at INTEGER NOT NULL,
  PRIMARY KEY (signer, why)
) STRICT;

CREATE INDEX webhook_refusals_by_time ON webhook_refusals (refused_at);
CREATE INDEX assets_by_expiry ON assets (expires_at) WHERE expires_at IS NOT NULL;

-- Ten seconds recorded for the doctor. A row is there before LiveKit is asked and goes with its object: what is
-- cut off in between is ended by the schedule.
CREATE TABLE rehearsals (
  object_key TEXT PRIMARY KEY,
  room_name  TEXT NOT NULL,
  begun_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX rehearsals_by_time ON rehearsals (begun_at);
