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

CREATE TRIGGER participants_stepped_in AFTER INSERT ON participants
WHEN NEW.role = 'viewer' AND NEW.joined_at IS NOT NULL
BEGIN
  INSERT INTO viewer_steps (stream_id, session_sid, step, change)
  SELECT NEW.stream_id, NEW.session_sid, t.value / 10000, CASE t.key WHEN 0 THEN 1 ELSE -1 END
    FROM json_each(json_array(NEW.joined_at, max(NEW.left_at, NEW.joined_at))) t WHERE t.value IS NOT NULL
  ON CONFLICT DO UPDATE SET change = change + excluded.change;
END;

-- What was told before is taken back, and what is known now put in its place.
CREATE TRIGGER participants_stepped AFTER UPDATE OF joined_at, left_at, role ON participants
WHEN (NEW.role, NEW.joined_at, NEW.left_at) IS NOT (OLD.role, OLD.joined_at, OLD.left_at)
BEGIN
  INSERT INTO viewer_steps (stream_id, session_sid, step, change)
  SELECT OLD.stream_id, OLD.session_sid, t.value / 10000, CASE t.key WHEN 0 THEN -1 ELSE 1 END
    FROM json_each(json_array(OLD.joined_at, max(OLD.left_at, OLD.joined_at))) t
   WHERE OLD.role = 'viewer' AND OLD.joined_at IS NOT NULL AND t.value IS NOT NULL
  ON CONFLICT DO UPDATE SET change = change + excluded.change;
  INSERT INTO viewer_steps (stream_id, session_sid, step, change)
  SELECT NEW.stream_id, NEW.session_sid, t.value / 10000, CASE t.key WHEN 0 THEN 1 ELSE -1 END
    FROM json_each(json_array(NEW.joined_at, max(NEW.left_at, NEW.joined_at))) t
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
