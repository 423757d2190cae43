-- What copies take in the bucket, for the bill by month.

-- Of a saved recording whose original stays beside its copy: the copy's bytes.
ALTER TABLE assets ADD COLUMN copy_bytes INTEGER NOT NULL DEFAULT 0;
-- Safety copies: billed for 30 days, though they go at once when the file is there. About as large as the file.
ALTER TABLE usage_months ADD COLUMN copied_bytes INTEGER NOT NULL DEFAULT 0;

UPDATE assets SET copy_bytes = size_bytes
 WHERE saved_key IS NOT NULL AND status = 'ready' AND object_expires_at IS NULL AND size_bytes IS NOT NULL;

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

-- What was there before.
UPDATE usage_months SET
  added_bytes = added_bytes + (SELECT COALESCE(sum(size_bytes), 0) FROM assets
    WHERE saved_key IS NOT NULL AND status = 'ready' AND strftime('%Y-%m', created_at / 1000, 'unixepoch') = month),
  kept_bytes = kept_bytes + (SELECT COALESCE(sum(copy_bytes), 0) FROM assets
    WHERE status = 'ready' AND strftime('%Y-%m', created_at / 1000, 'unixepoch') = month),
  copied_bytes = (SELECT COALESCE(sum(a.kept_bytes), 0) FROM assets a JOIN egresses e ON e.id = a.job_id
    WHERE e.segments <> 'off' AND strftime('%Y-%m', a.created_at / 1000, 'unixepoch') = month);
