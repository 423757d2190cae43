-- A stream's sessions outlive it: its id is looked for among theirs, so that nobody takes it over.
CREATE INDEX sessions_by_stream ON sessions (stream_id);

-- Somebody wished that it records by itself: that counts again when a click on start is refused or lapses.
ALTER TABLE live_streams ADD COLUMN was_auto INTEGER NOT NULL DEFAULT 0 CHECK (was_auto IN (0, 1));
UPDATE live_streams SET was_auto = 1 WHERE wish = 'auto';
-- When LiveKit's list last showed somebody publishing who is not the host; NULL if it showed nobody.
ALTER TABLE live_streams ADD COLUMN guests_at INTEGER;

-- When a step of it was last made, so that those which cannot be finished take turns with the others. NULL: never.
ALTER TABLE erasures ADD COLUMN tried_at INTEGER;

-- What was saved and had an expiry all the same keeps neither.
UPDATE assets SET expires_at = NULL, retention_days = NULL WHERE saved = 1;

-- What went from the bucket in a month, whenever it was recorded: until then it was stored, and billed.
ALTER TABLE usage_months ADD COLUMN removed_bytes INTEGER NOT NULL DEFAULT 0;

-- Of what went before, only the month of the recording is known.
UPDATE usage_months SET removed_bytes = added_bytes - kept_bytes;

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
