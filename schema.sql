-- livekit-storj, first schema.
--
-- Times are Unix milliseconds in UTC (INTEGER). D1 has no 64-bit integers, and LiveKit's nanoseconds
-- would lose their last digits. STRICT, so that a wrong type is an error on the day it is written.
-- Names ending in `_at` are times, in `_ms` durations, in `_bytes` sizes.

-- A stream: one broadcast in one LiveKit room, whatever becomes of its recording.
CREATE TABLE live_streams (
  id             TEXT PRIMARY KEY,
  title          TEXT NOT NULL,
  -- The user's own words. `description` below belongs to the guide's query.
  about          TEXT,
  -- The guide finds streams with recording on by `description LIKE '%Recording%'`. Generated, so that
  -- no route can forget it and no user's text can fake it.
  description    TEXT GENERATED ALWAYS AS (CASE WHEN record = 1 THEN 'Recording on' ELSE 'Live only' END) VIRTUAL,
  room_name      TEXT NOT NULL,
  -- 0: made for one session of a room that somebody else manages. It does not own the room's name.
  owns_room      INTEGER NOT NULL DEFAULT 1 CHECK (owns_room IN (0, 1)),
  owner_id       TEXT NOT NULL,
  visibility     TEXT NOT NULL CHECK (visibility IN ('public', 'private')),
  -- live: the host publishes. A room that exists without a host is not live.
  status         TEXT NOT NULL DEFAULT 'created' CHECK (status IN ('created', 'live', 'ended')),
  record         INTEGER NOT NULL CHECK (record IN (0, 1)),
  save_to_storj  INTEGER NOT NULL DEFAULT 0 CHECK (save_to_storj IN (0, 1)),
  quality        TEXT NOT NULL CHECK (quality IN ('720p', '1080p', '4k')),
  layout         TEXT NOT NULL DEFAULT 'speaker',
  audio_only     INTEGER NOT NULL DEFAULT 0 CHECK (audio_only IN (0, 1)),
  -- What people want of the recorder. auto: when the host publishes. asked: now, or when the room
  -- opens. stopped: somebody said stop, which beats every start but a later one.
  wish           TEXT NOT NULL DEFAULT 'none' CHECK (wish IN ('none', 'auto', 'asked', 'stopped')),
  wish_at        INTEGER,
  -- Why the wish has not come true yet: a code of ours, never LiveKit's or Storj's own words.
  wish_error     TEXT,
  -- Until when the host may join with the newest token: so long its coming is looked for.
  host_until     INTEGER,
  -- Where LiveKit reaches this Worker: kept with the wish, because the schedule has no caller.
  public_url     TEXT,
  -- The session that this stream is in or was in last, and when that session began.
  session_sid    TEXT,
  session_at     INTEGER,
  -- The newest attempt to record (egresses.id).
  job_id         TEXT,
  viewer_count   INTEGER NOT NULL DEFAULT 0,
  peak_viewers   INTEGER NOT NULL DEFAULT 0,
  unique_viewers INTEGER NOT NULL DEFAULT 0,
  watch_ms       INTEGER NOT NULL DEFAULT 0,
  created_at     INTEGER NOT NULL,
  started_at     INTEGER,
  -- When somebody's publishing was last told or seen: an older list of participants says nothing against it.
  published_at   INTEGER,
  ended_at       INTEGER,
  -- owner: ended on purpose, so never opened again. room: the room closed.
  ended_by       TEXT CHECK (ended_by IN ('owner', 'room')),
  -- When the schedule looks at this stream again. NULL: nothing more is to come.
  tend_at        INTEGER
) STRICT;

-- One stream that has not ended for each room name that we own: also settles two creations at once.
CREATE UNIQUE INDEX live_streams_open_room ON live_streams (room_name) WHERE ended_at IS NULL AND owns_room = 1;
CREATE INDEX live_streams_by_room ON live_streams (room_name, created_at);
CREATE INDEX live_streams_by_session ON live_streams (session_sid) WHERE session_sid IS NOT NULL;
CREATE INDEX live_streams_newest ON live_streams (created_at, id);
CREATE INDEX live_streams_by_visibility ON live_streams (visibility, created_at, id);
CREATE INDEX live_streams_by_visibility_status ON live_streams (visibility, status, created_at, id);
CREATE INDEX live_streams_by_owner ON live_streams (owner_id, created_at, id);
CREATE INDEX live_streams_by_owner_status ON live_streams (owner_id, status, created_at, id);
CREATE INDEX live_streams_by_status ON live_streams (status, created_at, id);
CREATE INDEX live_streams_to_tend ON live_streams (tend_at) WHERE tend_at IS NOT NULL;

-- A session: one life of a room (LiveKit's room sid). Everything that LiveKit says about a room is
-- filed under its sid, so that a late word about an old session never touches the new one.
CREATE TABLE sessions (
  sid        TEXT PRIMARY KEY,
  stream_id  TEXT NOT NULL,
  room_name  TEXT NOT NULL,
  -- Host of the LiveKit server it lives on: another project's lists say nothing about it.
  project    TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER,
  -- When its participants were last compared with LiveKit's list.
  looked_at  INTEGER,
  -- Since when LiveKit's list does not have it. Believed when seen twice, minutes apart.
  absent_at  INTEGER
) STRICT;

-- People in a session, by participant sid: the same person coming back has a new one. Rows of those
-- who left stay as tombstones, so that a late `joined` does not bring anybody back.
CREATE TABLE participants (
  sid         TEXT PRIMARY KEY,
  session_sid TEXT NOT NULL,
  stream_id   TEXT NOT NULL,
  identity    TEXT NOT NULL,
  role        TEXT NOT NULL CHECK (role IN ('host', 'viewer')),
  joined_at   INTEGER,
  left_at     INTEGER
) STRICT;

CREATE INDEX participants_present ON participants (session_sid, role) WHERE left_at IS NULL;

-- Who has watched a stream, once a person.
CREATE TABLE audience (
  stream_id TEXT NOT NULL,
  viewer    TEXT NOT NULL,
  seen_at   INTEGER NOT NULL,
  PRIMARY KEY (stream_id, viewer)
) STRICT;

-- Counting is the database's own work: every path that files a participant moves the numbers, by a
-- constant number of rows. A `left` that comes before its `joined` counts nothing but watch time.
CREATE TRIGGER participants_joined AFTER INSERT ON participants
WHEN NEW.role = 'viewer' AND NEW.left_at IS NULL
BEGIN
  UPDATE live_streams
     SET viewer_count = viewer_count + 1, peak_viewers = max(peak_viewers, viewer_count + 1)
   WHERE id = NEW.stream_id AND session_sid = NEW.session_sid AND ended_at IS NULL
     AND EXISTS (SELECT 1 FROM sessions WHERE sid = NEW.session_sid AND ended_at IS NULL);
END;

CREATE TRIGGER participants_gone AFTER UPDATE OF left_at ON participants
WHEN NEW.role = 'viewer' AND OLD.left_at IS NULL AND NEW.left_at IS NOT NULL
BEGIN
  UPDATE live_streams
     SET viewer_count = max(viewer_count - 1, 0)
   WHERE id = (SELECT stream_id FROM sessions WHERE sid = NEW.session_sid) AND session_sid = NEW.session_sid
     AND EXISTS (SELECT 1 FROM sessions WHERE sid = NEW.session_sid AND ended_at IS NULL);
END;

-- Both ends known, in whichever order they came.
CREATE TRIGGER participants_watched AFTER UPDATE OF joined_at, left_at ON participants
WHEN NEW.role = 'viewer' AND NEW.joined_at IS NOT NULL AND NEW.left_at IS NOT NULL
 AND (OLD.joined_at IS NULL OR OLD.left_at IS NULL)
BEGIN
  UPDATE live_streams SET watch_ms = watch_ms + max(NEW.left_at - NEW.joined_at, 0) WHERE id = NEW.stream_id;
END;

-- The `joined` was lost: LiveKit's `left` tells both times.
CREATE TRIGGER participants_known_late AFTER INSERT ON participants
WHEN NEW.role = 'viewer' AND NEW.joined_at IS NOT NULL AND NEW.left_at IS NOT NULL
BEGIN
  UPDATE live_streams SET watch_ms = watch_ms + max(NEW.left_at - NEW.joined_at, 0) WHERE id = NEW.stream_id;
END;

CREATE TRIGGER audience_grew AFTER INSERT ON audience
BEGIN
  UPDATE live_streams SET unique_viewers = unique_viewers + 1 WHERE id = NEW.stream_id;
END;

-- A job: one attempt to record one session. The row is there before LiveKit is asked, and its object
-- key is how the attempt is known again when the answer is lost.
CREATE TABLE egresses (
  id            TEXT PRIMARY KEY,
  egress_id     TEXT UNIQUE,
  stream_id     TEXT NOT NULL,
  session_sid   TEXT NOT NULL,
  room_name     TEXT NOT NULL,
  owner_id      TEXT NOT NULL,
  project       TEXT NOT NULL,
  object_key    TEXT NOT NULL UNIQUE,
  bucket        TEXT NOT NULL,
  endpoint      TEXT NOT NULL,
  region        TEXT NOT NULL,
  quality       TEXT NOT NULL,
  layout        TEXT NOT NULL,
  audio_only    INTEGER NOT NULL,
  part          INTEGER NOT NULL,
  status        TEXT NOT NULL CHECK (status IN
    ('requested', 'starting', 'recording', 'stopping', 'complete', 'failed', 'aborted', 'limit_reached')),
  -- 1: the ending is our own conclusion. It yields to LiveKit's word, and to the file itself.
  inferred      INTEGER NOT NULL DEFAULT 0 CHECK (inferred IN (0, 1)),
  -- How far LiveKit's own words went: 0 starting, 1 active, 2 ending, 3 over. NULL: nothing heard.
  heard         INTEGER,
  requested_at  INTEGER NOT NULL,
  -- The first frame, not LiveKit's acceptance of the job (3 s earlier).
  started_at    INTEGER,
  ended_at      INTEGER,
  duration_ms   INTEGER,
  size_bytes    INTEGER,
  error         TEXT,
  -- When LiveKit was last asked to stop it, and when its lists were last asked about it.
  stop_sent_at  INTEGER,
  looked_at     INTEGER,
  -- Since when LiveKit's participants lack its recorder, though the job is said to record.
  absent_at     INTEGER,
  -- unknown: nobody has looked. yes: LiveKit named it, or it was found. no: it was looked for.
  file          TEXT NOT NULL DEFAULT 'unknown' CHECK (file IN ('unknown', 'yes', 'no')),
  file_checks   INTEGER NOT NULL DEFAULT 0,
  checked_at    INTEGER
) STRICT;

-- At most one egress of ours a session that is requested, starting or recording.
CREATE UNIQUE INDEX egresses_slot ON egresses (session_sid) WHERE status IN ('requested', 'starting', 'recording');
CREATE INDEX egresses_by_stream ON egresses (stream_id, requested_at);
-- Of which something is still to be learned.
CREATE INDEX egresses_open ON egresses (stream_id, requested_at) WHERE (file = 'unknown' OR (inferred = 1 AND heard < 3));

-- A recording: the file that a job left. The name of the table and `livepeer_asset_id` are the guide's.
CREATE TABLE assets (
  id                TEXT PRIMARY KEY,
  livepeer_asset_id TEXT,
  job_id            TEXT NOT NULL UNIQUE,
  stream_id         TEXT,
  title             TEXT NOT NULL,
  room_name         TEXT NOT NULL,
  owner_id          TEXT NOT NULL,
  part              INTEGER NOT NULL,
  status            TEXT NOT NULL CHECK (status IN ('processing', 'ready', 'missing', 'deleting')),
  visibility        TEXT NOT NULL CHECK (visibility IN ('public', 'private')),
  object_key        TEXT NOT NULL,
  bucket            TEXT NOT NULL,
  endpoint          TEXT NOT NULL,
  region            TEXT NOT NULL,
  duration_ms       INTEGER,
  size_bytes        INTEGER,
  quality           TEXT NOT NULL,
  format            TEXT NOT NULL DEFAULT 'mp4' CHECK (format IN ('mp4', 'segments')),
  partial           INTEGER NOT NULL DEFAULT 0 CHECK (partial IN (0, 1)),
  saved             INTEGER NOT NULL DEFAULT 0 CHECK (saved IN (0, 1)),
  downloads         INTEGER NOT NULL DEFAULT 0,
  created_at        INTEGER NOT NULL,
  started_at        INTEGER,
  ended_at          INTEGER,
  expires_at        INTEGER,
  checks            INTEGER NOT NULL DEFAULT 0,
  checked_at        INTEGER
) STRICT;

CREATE INDEX assets_newest ON assets (created_at, id);
CREATE INDEX assets_by_status ON assets (status, created_at, id);
CREATE INDEX assets_by_visibility ON assets (visibility, created_at, id);
CREATE INDEX assets_by_visibility_status ON assets (visibility, status, created_at, id);
CREATE INDEX assets_by_owner ON assets (owner_id, created_at, id);
CREATE INDEX assets_by_owner_status ON assets (owner_id, status, created_at, id);
CREATE INDEX assets_by_stream ON assets (stream_id, created_at, id);

-- Webhooks that were taken in, so that the same event counts once. `receipt` is drawn anew for each
-- delivery: the rest of a delivery's batch depends on its own receipt being the one that stayed.
CREATE TABLE webhook_events (
  id          TEXT PRIMARY KEY,
  receipt     TEXT NOT NULL,
  event       TEXT NOT NULL,
  received_at INTEGER NOT NULL
) STRICT;

CREATE INDEX webhook_events_by_time ON webhook_events (received_at);

-- Whether the key that LiveKit gets can write to the bucket, by the probe's own experience.
CREATE TABLE storage_proofs (
  -- Endpoint, bucket and access key id, hashed.
  id        TEXT PRIMARY KEY,
  proved_at INTEGER,
  refused   TEXT,
  tried_at  INTEGER NOT NULL
) STRICT;

-- Who does what alone, and until when nobody else may.
CREATE TABLE leases (
  name   TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until  INTEGER NOT NULL
) STRICT;

-- Signs of life: the last run of the schedule.
CREATE TABLE pulse (
  name TEXT PRIMARY KEY,
  at   INTEGER NOT NULL,
  note TEXT
) STRICT;
-- The safety copy: HLS segments beside the MP4, from which a recording is made when the MP4 does not come.

-- off: the job asked for none. unknown: it did, and nobody has looked. yes: its recording is made of them.
-- gone: looked for and not there, or discarded because the MP4 is.
ALTER TABLE egresses ADD COLUMN segments TEXT NOT NULL DEFAULT 'off' CHECK (segments IN ('off', 'unknown', 'yes', 'gone'));

-- Whether the key may write over what is there, by the probe's own experience: LiveKit writes the playlist again
-- after each segment, and Storj's keys without the right to delete may not. NULL: not known.
ALTER TABLE storage_proofs ADD COLUMN overwrites INTEGER CHECK (overwrites IN (0, 1));

-- The segments of which a recording is made, and how far they are joined into one object.
CREATE TABLE reels (
  job_id    TEXT PRIMARY KEY,
  -- Number of the first; then milliseconds and bytes of each, `0 6000:3450000 6000:0 …`; no bytes: it is not there.
  reel      TEXT NOT NULL,
  -- 1: LiveKit named a file, and what is there of it is less than this.
  settled   INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),
  -- When the schedule goes on joining. NULL: the file may still come, or the object is made.
  join_at   INTEGER,
  joined    INTEGER NOT NULL DEFAULT 0 CHECK (joined IN (0, 1)),
  upload_id TEXT,
  -- Of each part that is there, in order, apart by spaces.
  etags     TEXT NOT NULL DEFAULT '',
  -- How many of the segments are in the parts, or carried: in an object of their own, because they were too little for a part.
  done      INTEGER NOT NULL DEFAULT 0,
  carried   INTEGER NOT NULL DEFAULT 0,
  tries     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX reels_to_join ON reels (join_at) WHERE join_at IS NOT NULL;

-- A recording that is being deleted is not made anew of its segments, nor joined.
CREATE TRIGGER reels_go_with_their_recording AFTER UPDATE OF status ON assets
WHEN NEW.status = 'deleting'
BEGIN
  UPDATE egresses SET segments = 'gone' WHERE id = NEW.job_id AND segments <> 'off';
  DELETE FROM reels WHERE job_id = NEW.job_id;
END;

-- Whoever gives up joining: an upload that was begun is billed until it is ended.
CREATE TRIGGER reels_leave_no_upload AFTER DELETE ON reels
WHEN OLD.upload_id IS NOT NULL AND OLD.joined = 0
BEGIN
  INSERT OR IGNORE INTO trash (kind, endpoint, bucket, region, object_key, upload_id, why, try_at)
  SELECT 'upload', e.endpoint, e.bucket, e.region, substr(e.object_key, 1, length(e.object_key) - 4) || '.ts', OLD.upload_id, 'not_joined', 0
    FROM egresses e WHERE e.id = OLD.job_id;
END;
-- Keeping and deleting: what is to go, what is to stay for good, and for how long.

-- What is to be deleted in a bucket. A row is there before anything is deleted, and goes when the bucket has
-- said that the thing is gone, so a deletion that is cut off anywhere is finished by the schedule.
-- object: that key. folder: every key that begins with it (it ends in a slash). upload: that multipart upload of
-- the key. Only keys that this program computed and stored come in here.
CREATE TABLE trash (
  id         INTEGER PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('object', 'folder', 'upload')),
  endpoint   TEXT NOT NULL,
  bucket     TEXT NOT NULL,
  region     TEXT NOT NULL,
  object_key TEXT NOT NULL CHECK (kind <> 'folder' OR object_key LIKE '_%/'),
  upload_id  TEXT NOT NULL DEFAULT '',
  -- A code of ours.
  why        TEXT NOT NULL,
  -- The recording (assets.id) that is deleted with it, when all of its rows have passed.
  asset_id   TEXT,
  -- 1: it was gone once. It is asked for again later, for an upload may have been under way.
  passed     INTEGER NOT NULL DEFAULT 0 CHECK (passed IN (0, 1)),
  again      INTEGER NOT NULL DEFAULT 0 CHECK (again IN (0, 1)),
  tries      INTEGER NOT NULL DEFAULT 0,
  try_at     INTEGER NOT NULL,
  -- Why the last try failed: a code of ours.
  error      TEXT,
  UNIQUE (bucket, object_key, endpoint, kind, upload_id)
) STRICT;

CREATE INDEX trash_by_time ON trash (try_at);
CREATE INDEX trash_by_asset ON trash (asset_id) WHERE asset_id IS NOT NULL;

-- When the recording of this job was deleted: no late word makes it again.
ALTER TABLE egresses ADD COLUMN deleted_at INTEGER;
-- How long Storj keeps its file, as was said when it was started. NULL: for ever.
ALTER TABLE egresses ADD COLUMN object_ttl_ms INTEGER;
-- A deleted stream is nobody's any more, and is tended until all of it is over.
ALTER TABLE live_streams ADD COLUMN deleted_at INTEGER;
-- The lasting copy, once it is there and whole: from then on it is the recording.
ALTER TABLE assets ADD COLUMN saved_key TEXT;
-- When Storj itself deletes the file. `expires_at` is that, or our own retention, whichever comes first.
ALTER TABLE assets ADD COLUMN object_expires_at INTEGER;
-- The RETENTION_DAYS under which `expires_at` was fixed.
ALTER TABLE assets ADD COLUMN retention_days INTEGER;

UPDATE assets SET object_expires_at = expires_at;

CREATE INDEX assets_expiring ON assets (expires_at) WHERE status = 'ready' AND expires_at IS NOT NULL;
CREATE INDEX assets_by_retention ON assets (retention_days) WHERE retention_days IS NOT NULL;

-- A lasting copy under way, step by step. The row goes when the copy is there, or will never be.
CREATE TABLE saves (
  asset_id     TEXT PRIMARY KEY,
  copy_key     TEXT NOT NULL,
  size_bytes   INTEGER NOT NULL,
  part_bytes   INTEGER NOT NULL,
  -- The multipart upload, its parts so far, and their ETags (JSON, in order).
  upload_id    TEXT,
  parts        INTEGER NOT NULL DEFAULT 0,
  etags        TEXT NOT NULL DEFAULT '[]',
  tries        INTEGER NOT NULL DEFAULT 0,
  error        TEXT,
  requested_at INTEGER NOT NULL,
  try_at       INTEGER NOT NULL,
  -- In whose hand it is, and until when nobody else may go on.
  holder       TEXT NOT NULL DEFAULT '',
  free_at      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX saves_by_time ON saves (try_at);

-- RETENTION_DAYS as it was last seen (0: keep for ever), so that a typo deletes nothing for a week.
CREATE TABLE retention (
  name          TEXT PRIMARY KEY,
  days          INTEGER NOT NULL,
  since_at      INTEGER NOT NULL,
  -- Nothing expires under it before this time.
  grace_ends_at INTEGER NOT NULL,
  -- The value before it, if that one did not outlive its week: what was fixed under it is fixed anew.
  undone        INTEGER
) STRICT;

-- Users of whom everything is being deleted, and how far the rows of viewers were looked through.
CREATE TABLE erasures (
  user_id           TEXT PRIMARY KEY,
  requested_at      INTEGER NOT NULL,
  seen_participants INTEGER NOT NULL DEFAULT 0,
  seen_audience     INTEGER NOT NULL DEFAULT 0
) STRICT;
-- Finding, watching and downloading recordings.

-- Downloads that began, so that their number can be audited. `viewer` is a user id, or `~` and a keyed
-- hash of the day, address and browser of who is not signed in. These rows are personal data and may be
-- purged at any time: their number stays in assets.downloads.
CREATE TABLE downloads (
  asset_id      TEXT NOT NULL,
  viewer        TEXT NOT NULL,
  downloaded_at INTEGER NOT NULL
) STRICT;

CREATE INDEX downloads_by_asset ON downloads (asset_id, viewer, downloaded_at);
CREATE INDEX downloads_by_time ON downloads (downloaded_at);
CREATE INDEX downloads_by_viewer ON downloads (viewer);

CREATE TRIGGER downloads_counted AFTER INSERT ON downloads
BEGIN
  UPDATE assets SET downloads = downloads + 1 WHERE id = NEW.asset_id;
END;

-- The words of a recording's title and room with spaces between, made by the Worker (src/search.rs). NULL:
-- not made yet. The schedule makes those of recordings from before this migration, some at each run.
ALTER TABLE assets ADD COLUMN words TEXT;

CREATE INDEX assets_without_words ON assets (created_at) WHERE words IS NULL;

-- Every beginning of every word, for each scope that may see the recording: `public` or `private`, and `@`
-- with its owner's id. So a page of a search is a walk along the key. `#` and a stream's id is a word too.
CREATE TABLE asset_words (
  scope    TEXT NOT NULL,
  word     TEXT NOT NULL,
  -- Among the others: the recording's created_at.
  place    INTEGER NOT NULL,
  asset_id TEXT NOT NULL,
  PRIMARY KEY (scope, word, place, asset_id)
) STRICT, WITHOUT ROWID;

-- A new title has new words, which SQL cannot make: the same batch or the schedule files them.
CREATE TRIGGER assets_renamed AFTER UPDATE OF title ON assets
WHEN NEW.title <> OLD.title AND NEW.words IS NOT NULL
BEGIN
  UPDATE assets SET words = NULL WHERE id = NEW.id;
END;

CREATE TRIGGER assets_words_changed AFTER UPDATE OF words, visibility, owner_id, stream_id, created_at ON assets
WHEN (NEW.words, NEW.visibility, NEW.owner_id, NEW.stream_id, NEW.created_at)
  IS NOT (OLD.words, OLD.visibility, OLD.owner_id, OLD.stream_id, OLD.created_at)
BEGIN
  DELETE FROM asset_words
   WHERE scope IN (OLD.visibility, '@' || OLD.owner_id) AND place = OLD.created_at AND asset_id = OLD.id
     AND word IN (SELECT substr(w.value, 1, n.value)
                    FROM json_each('["' || replace(OLD.words, ' ', '","') || '"]') w, json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]') n
                   WHERE n.value <= length(w.value)
                  UNION SELECT '#' || OLD.stream_id);
  INSERT OR IGNORE INTO asset_words (scope, word, place, asset_id)
  SELECT s.value, substr(w.value, 1, n.value), NEW.created_at, NEW.id
    FROM json_each(json_array(NEW.visibility, '@' || NEW.owner_id)) s,
         json_each('["' || replace(NEW.words, ' ', '","') || '"]') w, json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]') n
   WHERE n.value <= length(w.value)
  UNION ALL
  SELECT s.value, '#' || NEW.stream_id, NEW.created_at, NEW.id
    FROM json_each(json_array(NEW.visibility, '@' || NEW.owner_id)) s
   WHERE NEW.words IS NOT NULL AND NEW.stream_id IS NOT NULL;
END;

CREATE TRIGGER assets_words_gone AFTER DELETE ON assets
WHEN OLD.words IS NOT NULL
BEGIN
  DELETE FROM asset_words
   WHERE scope IN (OLD.visibility, '@' || OLD.owner_id) AND place = OLD.created_at AND asset_id = OLD.id
     AND word IN (SELECT substr(w.value, 1, n.value)
                    FROM json_each('["' || replace(OLD.words, ' ', '","') || '"]') w, json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]') n
                   WHERE n.value <= length(w.value)
                  UNION SELECT '#' || OLD.stream_id);
END;

-- How the number of a stream's viewers changed and when, in steps of ten seconds: for a plot. Sums of what
-- `participants` tells, in whatever order it is told, and they stay when those rows are purged.
CREATE TABLE viewer_steps (
  stream_id   TEXT NOT NULL,
  session_sid TEXT NOT NULL,
  -- Since 1970.
  step        INTEGER NOT NULL,
  change      INTEGER NOT NULL,
  PRIMARY KEY (stream_id, step, session_sid)
) STRICT, WITHOUT ROWID;

INSERT INTO viewer_steps (stream_id, session_sid, step, change)
SELECT stream_id, session_sid, at / 10000, sum(change) FROM (
  SELECT stream_id, session_sid, joined_at AS at, 1 AS change FROM participants WHERE role = 'viewer' AND joined_at IS NOT NULL
  UNION ALL
  SELECT stream_id, session_sid, max(left_at, joined_at), -1 FROM participants
   WHERE role = 'viewer' AND joined_at IS NOT NULL AND left_at IS NOT NULL
) GROUP BY 1, 2, 3;

CREATE TRIGGER viewers_stepped_in AFTER INSERT ON participants
WHEN NEW.role = 'viewer' AND NEW.joined_at IS NOT NULL
BEGIN
  INSERT INTO viewer_steps (stream_id, session_sid, step, change)
  SELECT NEW.stream_id, NEW.session_sid, t.value, CASE t.key WHEN 0 THEN 1 ELSE -1 END
    FROM json_each(json_array(NEW.joined_at / 10000, max((NEW.left_at - 1) / 10000, NEW.joined_at / 10000) + 1)) t WHERE t.value IS NOT NULL
  ON CONFLICT DO UPDATE SET change = change + excluded.change;
END;

-- What was told before is taken back, and what is known now put in its place.
CREATE TRIGGER viewers_stepped AFTER UPDATE OF joined_at, left_at, role ON participants
WHEN (NEW.role, NEW.joined_at, NEW.left_at) IS NOT (OLD.role, OLD.joined_at, OLD.left_at)
BEGIN
  INSERT INTO viewer_steps (stream_id, session_sid, step, change)
  SELECT OLD.stream_id, OLD.session_sid, t.value, CASE t.key WHEN 0 THEN -1 ELSE 1 END
    FROM json_each(json_array(OLD.joined_at / 10000, max((OLD.left_at - 1) / 10000, OLD.joined_at / 10000) + 1)) t
   WHERE OLD.role = 'viewer' AND OLD.joined_at IS NOT NULL AND t.value IS NOT NULL
  ON CONFLICT DO UPDATE SET change = change + excluded.change;
  INSERT INTO viewer_steps (stream_id, session_sid, step, change)
  SELECT NEW.stream_id, NEW.session_sid, t.value, CASE t.key WHEN 0 THEN 1 ELSE -1 END
    FROM json_each(json_array(NEW.joined_at / 10000, max((NEW.left_at - 1) / 10000, NEW.joined_at / 10000) + 1)) t
   WHERE NEW.role = 'viewer' AND NEW.joined_at IS NOT NULL AND t.value IS NOT NULL
  ON CONFLICT DO UPDATE SET change = change + excluded.change;
END;

-- Which webhooks came about a session or a recording job of ours: one row for each kind of event. The events
-- themselves are kept for an hour.
CREATE TABLE told (
  -- LiveKit's room sid or egress id.
  subject  TEXT NOT NULL,
  event    TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  times    INTEGER NOT NULL,
  PRIMARY KEY (subject, event)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER told_of_session_gone AFTER DELETE ON sessions
BEGIN
  DELETE FROM told WHERE subject = OLD.sid;
END;

CREATE TRIGGER told_of_job_gone AFTER DELETE ON egresses
WHEN OLD.egress_id IS NOT NULL
BEGIN
  DELETE FROM told WHERE subject = OLD.egress_id;
END;
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
-- Pictures. One lies in the bucket as long as anything shows it: a stream, and the recordings that were made of it.

CREATE TABLE thumbnails (
  -- `…_{ms}.jpg` or `.webp`, new for each picture: what is cached is never another one's.
  object_key TEXT PRIMARY KEY,
  endpoint   TEXT NOT NULL,
  bucket     TEXT NOT NULL,
  region     TEXT NOT NULL
) STRICT;

ALTER TABLE live_streams ADD COLUMN thumbnail_key TEXT;
ALTER TABLE assets ADD COLUMN thumbnail_key TEXT;

CREATE INDEX live_streams_by_thumbnail ON live_streams (thumbnail_key) WHERE thumbnail_key IS NOT NULL;
CREATE INDEX assets_by_thumbnail ON assets (thumbnail_key) WHERE thumbnail_key IS NOT NULL;

-- The last one that showed it throws it away, however it came to that: another picture, a deletion, an erasure.
CREATE TRIGGER thumbnails_dropped_by_recording AFTER UPDATE OF thumbnail_key ON assets
WHEN OLD.thumbnail_key IS NOT NULL AND NEW.thumbnail_key IS NOT OLD.thumbnail_key
BEGIN
  DELETE FROM thumbnails WHERE object_key = OLD.thumbnail_key
     AND NOT EXISTS (SELECT 1 FROM assets WHERE thumbnail_key = OLD.thumbnail_key)
     AND NOT EXISTS (SELECT 1 FROM live_streams WHERE thumbnail_key = OLD.thumbnail_key);
END;

CREATE TRIGGER thumbnails_dropped_by_stream AFTER UPDATE OF thumbnail_key ON live_streams
WHEN OLD.thumbnail_key IS NOT NULL AND NEW.thumbnail_key IS NOT OLD.thumbnail_key
BEGIN
  DELETE FROM thumbnails WHERE object_key = OLD.thumbnail_key
     AND NOT EXISTS (SELECT 1 FROM assets WHERE thumbnail_key = OLD.thumbnail_key)
     AND NOT EXISTS (SELECT 1 FROM live_streams WHERE thumbnail_key = OLD.thumbnail_key);
END;

CREATE TRIGGER thumbnails_go_with_their_stream AFTER DELETE ON live_streams
WHEN OLD.thumbnail_key IS NOT NULL
BEGIN
  DELETE FROM thumbnails WHERE object_key = OLD.thumbnail_key
     AND NOT EXISTS (SELECT 1 FROM assets WHERE thumbnail_key = OLD.thumbnail_key);
END;

-- A recording that is being deleted shows none, and goes only when its picture is gone too, if nothing else shows it.
CREATE TRIGGER thumbnails_go_with_their_recording AFTER UPDATE OF status ON assets
WHEN NEW.status = 'deleting' AND NEW.thumbnail_key IS NOT NULL
BEGIN
  INSERT INTO trash (kind, endpoint, bucket, region, object_key, why, asset_id, try_at)
  SELECT 'object', t.endpoint, t.bucket, t.region, t.object_key, 'thumbnail', NEW.id, 0 FROM thumbnails t
   WHERE t.object_key = NEW.thumbnail_key
     AND NOT EXISTS (SELECT 1 FROM assets a WHERE a.thumbnail_key = t.object_key AND a.id <> NEW.id)
     AND NOT EXISTS (SELECT 1 FROM live_streams l WHERE l.thumbnail_key = t.object_key)
  ON CONFLICT (bucket, object_key, endpoint, kind, upload_id) DO UPDATE SET try_at = 0, asset_id = excluded.asset_id;
  UPDATE assets SET thumbnail_key = NULL WHERE id = NEW.id;
END;

CREATE TRIGGER thumbnails_thrown_away AFTER DELETE ON thumbnails
BEGIN
  INSERT INTO trash (kind, endpoint, bucket, region, object_key, why, try_at)
  VALUES ('object', OLD.endpoint, OLD.bucket, OLD.region, OLD.object_key, 'thumbnail', 0)
  ON CONFLICT (bucket, object_key, endpoint, kind, upload_id) DO UPDATE SET try_at = 0;
END;

-- When LiveKit's list last showed who is in the room. A list without a soul in it proves nothing, so who was counted as
-- there was last seen before it.
ALTER TABLE sessions ADD COLUMN counted_at INTEGER;

-- Whether LiveKit was asked for a picture beside the file of a job: one object, written again while it records.
ALTER TABLE egresses ADD COLUMN picture INTEGER NOT NULL DEFAULT 0 CHECK (picture IN (0, 1));

-- What copies take in the bucket, for the bill by month.

-- Of a saved recording whose original stays beside its copy: the copy's bytes.
ALTER TABLE assets ADD COLUMN copy_bytes INTEGER NOT NULL DEFAULT 0;
-- Safety copies: billed for 30 days, though they go at once when the file is there. About as large as the file.
ALTER TABLE usage_months ADD COLUMN copied_bytes INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER usage_saved AFTER UPDATE OF saved_key ON assets
WHEN OLD.saved_key IS NULL AND NEW.saved_key IS NOT NULL
BEGIN
  UPDATE usage_months SET added_bytes = added_bytes + NEW.kept_bytes, kept_bytes = kept_bytes + NEW.copy_bytes
   WHERE month = strftime('%Y-%m', NEW.created_at / 1000, 'unixepoch');
END;

CREATE TRIGGER usage_copy_gone AFTER UPDATE OF status ON assets
WHEN OLD.status = 'ready' AND NEW.status <> 'ready' AND OLD.copy_bytes > 0
BEGIN
  UPDATE usage_months SET kept_bytes = kept_bytes - OLD.copy_bytes
   WHERE month = strftime('%Y-%m', OLD.created_at / 1000, 'unixepoch');
END;

CREATE TRIGGER usage_copied_new AFTER INSERT ON assets
WHEN NEW.kept_bytes > 0 AND EXISTS (SELECT 1 FROM egresses WHERE id = NEW.job_id AND segments <> 'off')
BEGIN
  INSERT INTO usage_months (month, copied_bytes) VALUES (strftime('%Y-%m', NEW.created_at / 1000, 'unixepoch'), NEW.kept_bytes)
  ON CONFLICT (month) DO UPDATE SET copied_bytes = copied_bytes + excluded.copied_bytes;
END;

CREATE TRIGGER usage_copied AFTER UPDATE ON assets
WHEN NEW.kept_bytes > OLD.kept_bytes AND EXISTS (SELECT 1 FROM egresses WHERE id = NEW.job_id AND segments <> 'off')
BEGIN
  INSERT INTO usage_months (month, copied_bytes)
  VALUES (strftime('%Y-%m', NEW.created_at / 1000, 'unixepoch'), NEW.kept_bytes - OLD.kept_bytes)
  ON CONFLICT (month) DO UPDATE SET copied_bytes = copied_bytes + excluded.copied_bytes;
END;

-- When somebody was filed. A list of LiveKit's from before says nothing of whether they were there: the word of their
-- coming may be minutes late, and that of their going lost.
ALTER TABLE participants ADD COLUMN filed_at INTEGER;

-- A stream's sessions outlive it: its id is looked for among theirs, so that nobody takes it over.
CREATE INDEX sessions_by_stream ON sessions (stream_id);

-- Somebody wished that it records by itself: that counts again when a click on start is refused or lapses.
ALTER TABLE live_streams ADD COLUMN was_auto INTEGER NOT NULL DEFAULT 0 CHECK (was_auto IN (0, 1));
-- When LiveKit's list last showed somebody publishing who is not the host; NULL if it showed nobody.
ALTER TABLE live_streams ADD COLUMN guests_at INTEGER;

-- When a step of it was last made, so that those which cannot be finished take turns with the others. NULL: never.
ALTER TABLE erasures ADD COLUMN tried_at INTEGER;

-- What went from the bucket in a month, whenever it was recorded: until then it was stored, and billed.
ALTER TABLE usage_months ADD COLUMN removed_bytes INTEGER NOT NULL DEFAULT 0;

-- Whatever takes bytes away has told its time: the deletion in the job, the saving in its own row, and the look that found
-- less here. An original that does not stay beside its copy counts as gone with the saving.
CREATE TRIGGER usage_removed AFTER UPDATE ON assets
WHEN OLD.status = 'ready' AND (NEW.kept_bytes < OLD.kept_bytes OR NEW.saved_key IS NOT OLD.saved_key)
BEGIN
  INSERT INTO usage_months (month, removed_bytes)
  VALUES (strftime('%Y-%m', COALESCE((SELECT deleted_at FROM egresses WHERE id = NEW.job_id),
            iif(NEW.saved_key IS NOT OLD.saved_key, (SELECT requested_at FROM saves WHERE asset_id = NEW.id), NULL),
            NEW.checked_at, NEW.created_at) / 1000, 'unixepoch'),
          max(OLD.kept_bytes - NEW.kept_bytes, 0) + iif(NEW.status <> 'ready', OLD.copy_bytes, 0)
          + iif(OLD.saved_key IS NULL AND NEW.saved_key IS NOT NULL, NEW.kept_bytes - NEW.copy_bytes, 0))
  ON CONFLICT (month) DO UPDATE SET removed_bytes = removed_bytes + excluded.removed_bytes;
END;

-- A row that goes by itself, by nobody's deletion, tells no time.
CREATE TRIGGER usage_removed_row AFTER DELETE ON assets
WHEN OLD.kept_bytes > 0
BEGIN
  UPDATE usage_months SET removed_bytes = removed_bytes + OLD.kept_bytes
   WHERE month = strftime('%Y-%m', OLD.created_at / 1000, 'unixepoch');
END;
