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
