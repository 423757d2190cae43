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
