-- A stream's sessions outlive it: its id is looked for among theirs, so that nobody takes it over.
CREATE INDEX sessions_by_stream ON sessions (stream_id);

-- Behind a click on start stands a wish to record by itself: it counts again when the click is refused or lapses.
ALTER TABLE live_streams ADD COLUMN was_auto INTEGER NOT NULL DEFAULT 0 CHECK (was_auto IN (0, 1));
-- When LiveKit's list last showed somebody publishing who is not the host; NULL if it showed nobody.
ALTER TABLE live_streams ADD COLUMN guests_at INTEGER;

-- When a step of it was last made, so that those which cannot be finished take turns with the others. NULL: never.
ALTER TABLE erasures ADD COLUMN tried_at INTEGER;
