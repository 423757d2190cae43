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
