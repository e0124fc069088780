import {
  type EndedBetween,
  type LearnedPace,
  learnPace,
  type PaceMode,
  paceOf,
  sizeClassOf,
  soonerLook_ms,
} from '@rollcall/domain';
import type { Queryable, Transaction } from '../database.ts';

/** Of one account, by check: every size of task that was learned of. */
export type TaskTimes = ReadonlyMap<string, readonly KnownTime[]>;

interface KnownTime extends LearnedPace {
  /** Tasks learned from so far; who writes names what it has read. */
  readonly tasksEver: number;
}

interface TaskTimeRow {
  check_name: string;
  size_class: number;
  main_mean: number;
  main_variance: number;
  main_tasks: number;
  other_mean: number | null;
  other_variance: number | null;
  other_tasks: number | null;
  main_weight: number;
  shift_by: number | null;
  shifted_ms: number | null;
  tasks: number;
  learned_ms: number;
}

/** What is known of an account's tasks of some checks: a few rows a check, one for each doubling of size that was ever sent. */
export async function readTaskTimes(
  db: Queryable,
  account: string,
  checks: readonly string[],
): Promise<TaskTimes> {
  const { rows } = await db.query<TaskTimeRow>(
    `SELECT check_name, size_class, main_mean, main_variance, main_tasks, other_mean, other_variance, other_tasks, main_weight, shift_by,
            extract(epoch FROM shifted_at)::float8 * 1000 AS shifted_ms, tasks::float8 AS tasks, extract(epoch FROM learned_at)::float8 * 1000 AS learned_ms
       FROM store.task_times WHERE account = $1 AND check_name = ANY($2)`,
    [account, checks],
  );
  return Map.groupBy(rows.map(timeOf), ({ check }) => check);
}

function timeOf(row: TaskTimeRow): KnownTime & { readonly check: string } {
  const other: PaceMode | null =
    row.other_mean === null || row.other_variance === null || row.other_tasks === null
      ? null
      : { mean: row.other_mean, variance: row.other_variance, tasks: row.other_tasks };
  return {
    check: row.check_name,
    sizeClass: row.size_class,
    main: { mean: row.main_mean, variance: row.main_variance, tasks: row.main_tasks },
    other,
    mainWeight: row.main_weight,
    shift:
      row.shift_by === null || row.shifted_ms === null
        ? null
        : { by: row.shift_by, at_ms: row.shifted_ms },
    learnedAt_ms: row.learned_ms,
    tasksEver: row.tasks,
  };
}

export interface FinishedTask {
  readonly account: string;
  readonly check: string;
  readonly numbers: number;
  readonly ended: EndedBetween;
}

/**
 * Learns from a task that has ended, in the transaction that stores its end, and looks sooner at tasks that turn out to be quicker than was foreseen. Nobody waits for it:
 * where another transaction is learning of the same size, or has since `times` was read, this task is passed over. Returns whether it was learned from.
 */
export async function learnTaskTime(
  tx: Transaction,
  task: FinishedTask,
  times: TaskTimes,
): Promise<boolean> {
  const known = times.get(task.check) ?? [];
  const sizeClass = sizeClassOf(task.numbers);
  const learned = learnPace(paceOf(known, sizeClass), task.numbers, task.ended);
  if (!learned) return false;
  const { main, other, mainWeight } = learned.pace;
  const before = known.find((each) => each.sizeClass === sizeClass);
  const key = [task.account, task.check, sizeClass];
  const values = [
    ...[main.mean, main.variance, main.tasks],
    ...[other?.mean ?? null, other?.variance ?? null, other?.tasks ?? null],
    ...[mainWeight, learned.shift],
  ];
  const { rowCount } = before
    ? await tx.query(
        `UPDATE store.task_times SET main_mean = $4, main_variance = $5, main_tasks = $6, other_mean = $7, other_variance = $8, other_tasks = $9, main_weight = $10,
                shift_by = COALESCE($11, shift_by), shifted_at = CASE WHEN $11::float8 IS NULL THEN shifted_at ELSE clock_timestamp() END,
                tasks = tasks + 1, learned_at = clock_timestamp()
          WHERE (account, check_name, size_class) IN (
                SELECT account, check_name, size_class FROM store.task_times
                 WHERE account = $1 AND check_name = $2 AND size_class = $3 AND tasks = $12 FOR UPDATE SKIP LOCKED)`,
        [...key, ...values, before.tasksEver],
      )
    : await tx.query(
        `INSERT INTO store.task_times (account, check_name, size_class, main_mean, main_variance, main_tasks, other_mean, other_variance, other_tasks, main_weight,
                                       shift_by, shifted_at, tasks)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, CASE WHEN $11::float8 IS NULL THEN NULL ELSE clock_timestamp() END, 1)
         ON CONFLICT DO NOTHING`,
        [...key, ...values],
      );
  if (rowCount !== 1) return false;
  if (learned.shift !== null && learned.shift < 0) await lookSooner(tx, task.account, task.check);
  return true;
}

/** Waiting tasks that are looked at anew at a time. The others are found as they come due: a change of pace delays them once. */
const soonerAtOnce = 500;

/**
 * Brings looks forward for the tasks of a check that wait for one that was planned for a slower pace. It takes no task that somebody has in hand, waits for no lock, and goes by
 * `poll_not_before`.
 */
async function lookSooner(tx: Transaction, account: string, check: string): Promise<void> {
  const learned = (await readTaskTimes(tx, account, [check])).get(check) ?? [];
  const { rows } = await tx.query<{
    id: string;
    numbers: number;
    seen_ms: number;
    elapsed_ms: number;
    due_ms: number;
  }>(
    `SELECT c.id, c.numbers, c.elapsed_ms, extract(epoch FROM c.due_at - c.accepted_at)::float8 * 1000 AS due_ms,
            COALESCE((SELECT extract(epoch FROM max(h.at) - c.accepted_at)::float8 * 1000 FROM store.poll_history h
                       WHERE h.chunk_id = c.id AND h.attempt_id = c.attempt_id AND h.applied), 0) AS seen_ms
       FROM (SELECT c.*, extract(epoch FROM clock_timestamp() - c.accepted_at)::float8 * 1000 AS elapsed_ms
               FROM store.chunks c
              WHERE c.account = $1 AND c.state = 'polling' AND c.due_at > clock_timestamp()
                AND COALESCE(c.poll_not_before < c.due_at, true)
                AND c.awaiting_payment_since IS NULL AND c.adopting_task_id IS NULL AND c.missing_polls = 0 AND c.upstream_failures = 0
                AND EXISTS (SELECT FROM store.jobs j WHERE j.job_no = c.job_no AND j.check_name = $2)
              ORDER BY c.due_at DESC LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED) c`,
    [account, check, soonerAtOnce],
  );
  const sooner = rows.flatMap((row) => {
    const pace = paceOf(learned, sizeClassOf(row.numbers));
    if (!pace) return [];
    const look_ms = soonerLook_ms(pace, row.numbers, row);
    return look_ms < row.due_ms ? [{ id: row.id, by_ms: row.due_ms - look_ms }] : [];
  });
  await tx.query(
    `UPDATE store.chunks c SET rung_at = NULL, due_at = greatest(c.due_at - s.by_ms * interval '1 millisecond', c.poll_not_before)
       FROM unnest($1::text[], $2::float8[]) AS s (id, by_ms) WHERE c.id = s.id AND c.state = 'polling'`,
    [sooner.map(({ id }) => id), sooner.map(({ by_ms }) => by_ms)],
  );
}
