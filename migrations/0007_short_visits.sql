-- Somebody who came and went within ten seconds was not there at all in `viewer_steps`: +1 and -1 of one step. Going
-- counts in the step after the last one that somebody was there in, so each step has all who were there in it.

DROP TRIGGER participants_stepped_in;
DROP TRIGGER participants_stepped;

-- Of sessions whose participants are purged, the sums stay as they were.
DELETE FROM viewer_steps WHERE session_sid IN (SELECT session_sid FROM participants);

INSERT INTO viewer_steps (stream_id, session_sid, step, change)
SELECT stream_id, session_sid, step, sum(change) FROM (
  SELECT stream_id, session_sid, joined_at / 10000 AS step, 1 AS change FROM participants
   WHERE role = 'viewer' AND joined_at IS NOT NULL
  UNION ALL
  SELECT stream_id, session_sid, max((left_at - 1) / 10000, joined_at / 10000) + 1, -1 FROM participants
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
