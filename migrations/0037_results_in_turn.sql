-- Whose result is read next where many are ready: the smallest, so that a small job does not wait for the files of a large one (docs/decisions/0028).
CREATE INDEX chunks_to_read_by_size ON store.chunks (numbers, due_at) WHERE state = 'result_ready';
