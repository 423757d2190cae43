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
