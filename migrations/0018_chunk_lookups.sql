-- The index that keeps the ranges of a job's chunks apart is for that alone. Postgres 17.10 remembers which entries of a GiST page were dead
-- from one rescan of a statement to the next: where the index outgrew its first page in between, it marked living entries of another page
-- as dead, and lookups by job no longer found their chunks: a canary let nobody go, a closed job failed its audit. No lookup says
-- IS DISTINCT FROM, so none is planned over this index; they have (job_no, chunk_no). Building it anew brings lost entries back.
ALTER TABLE store.chunks
  DROP CONSTRAINT chunks_of_a_job_exclude_each_other,
  ADD CONSTRAINT chunks_of_a_job_exclude_each_other EXCLUDE USING gist
    (job_no WITH =, int8range(first_number, last_number, '[]') WITH &&) WHERE (state IS DISTINCT FROM 'superseded');
