-- Who leaves is taken off the count of the stream that has the room now. It may have begun in a room that outlived the
-- stream before it, with its viewers: they are counted there too.
DROP TRIGGER participants_left;
CREATE TRIGGER participants_gone AFTER UPDATE OF left_at ON participants
WHEN NEW.role = 'viewer' AND OLD.left_at IS NULL AND NEW.left_at IS NOT NULL
BEGIN
  UPDATE live_streams
     SET viewer_count = max(viewer_count - 1, 0)
   WHERE id = (SELECT stream_id FROM sessions WHERE sid = NEW.session_sid) AND session_sid = NEW.session_sid
     AND EXISTS (SELECT 1 FROM sessions WHERE sid = NEW.session_sid AND ended_at IS NULL);
END;
