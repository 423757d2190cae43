-- When LiveKit's list last showed who is in the room. A list without a soul in it proves nothing, so who was counted as
-- there was last seen before it.
ALTER TABLE sessions ADD COLUMN counted_at INTEGER;
UPDATE sessions SET counted_at = looked_at WHERE ended_at IS NULL;
