-- How long providers take for their tasks, so that they are asked when an answer is likely (docs/decisions/0027).

-- Per account, check and size of task; packages/domain/task-pace.ts says what the figures mean and how they are learned. Logarithms are natural, of milliseconds
-- per number.
CREATE TABLE store.task_times (
  account             text NOT NULL REFERENCES store.account_states,
  check_name          text NOT NULL,
  -- Tasks of 2^size_class numbers and more, below twice as many.
  size_class          integer NOT NULL CHECK (size_class BETWEEN 0 AND 62),
  main_mean           double precision NOT NULL,
  main_variance       double precision NOT NULL CHECK (main_variance >= 0),
  main_tasks          double precision NOT NULL CHECK (main_tasks >= 1),
  -- A second pace that was seen lately.
  other_mean          double precision,
  other_variance      double precision CHECK (other_variance >= 0),
  other_tasks         double precision CHECK (other_tasks >= 1),
  main_weight         double precision NOT NULL CHECK (main_weight BETWEEN 0 AND 1),
  -- The last change of pace that tasks of this size have shown.
  shift_by            double precision,
  shifted_at          timestamptz,
  -- Tasks learned from, ever: who has read an older count writes nothing.
  tasks               bigint NOT NULL CHECK (tasks >= 1),
  learned_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, check_name, size_class),
  CONSTRAINT the_other_pace_is_whole CHECK (num_nulls(other_mean, other_variance, other_tasks) IN (0, 3)),
  CONSTRAINT a_shift_has_its_time CHECK ((shift_by IS NULL) = (shifted_at IS NULL))
);
GRANT SELECT, INSERT, UPDATE ON store.task_times TO rollcall_worker;

-- Nobody may ask for the task before, whatever becomes known of its pace: a worker has it, or the provider said when to come again.
ALTER TABLE store.chunks ADD COLUMN poll_not_before timestamptz;

-- When tasks of the account were last claimed for a call that asks for many: one call a tick, however many workers.
ALTER TABLE store.account_states ADD COLUMN polled_at timestamptz;
