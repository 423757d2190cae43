-- When somebody was filed. A list of LiveKit's from before says nothing of whether they were there: the word of their
-- coming may be minutes late, and that of their going lost.
ALTER TABLE participants ADD COLUMN filed_at INTEGER;
