-- Whether LiveKit was asked for a picture beside the file of a job: one object, written again while it records.
ALTER TABLE egresses ADD COLUMN picture INTEGER NOT NULL DEFAULT 0 CHECK (picture IN (0, 1));
