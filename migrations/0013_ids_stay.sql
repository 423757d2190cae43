-- A stream's sessions outlive it: its id is looked for among theirs, so that nobody takes it over.
CREATE INDEX sessions_by_stream ON sessions (stream_id);
