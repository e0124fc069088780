import {
  type ChunkState,
  chunkEdges,
  chunkStates,
  type JobState,
  jobEdges,
  jobStates,
} from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from './testing/ground.ts';
import { force, refusal } from './testing/refusal.ts';
import { finish, readyChunk } from './testing/walk-chunk.ts';

/** The machines of chunk and job as the database holds them: every edge that is not drawn is refused, and every odd row. */

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

/** What else must be set for a row of a chunk in this state to be valid. */
const chunkColumns: Readonly<Record<ChunkState, string>> = {
  ready: 'reason = NULL, due_at = now(), closed_at = NULL',
  submitting: 'reason = NULL, due_at = now(), closed_at = NULL',
  polling: 'reason = NULL, due_at = now(), closed_at = NULL',
  result_ready: 'reason = NULL, due_at = now(), closed_at = NULL',
  ingesting: 'reason = NULL, due_at = now(), closed_at = NULL',
  done: 'reason = NULL, due_at = NULL, closed_at = now()',
  blocked: "reason = 'breaker', due_at = NULL, closed_at = NULL",
  held: "reason = 'poll', held_since = now(), due_at = NULL, closed_at = NULL",
  rejected: "reason = 'wrong data', due_at = NULL, closed_at = now()",
  failed: 'reason = NULL, due_at = NULL, closed_at = now()',
  cancelled: 'reason = NULL, due_at = NULL, closed_at = now()',
  superseded: 'reason = NULL, due_at = NULL, closed_at = now()',
};
const setChunk = (state: ChunkState, more = '') =>
  `UPDATE store.chunks SET state = '${state}', ${chunkColumns[state]}${more} WHERE id = $1`;

describe('a chunk', () => {
  /** One that has all it could need: attempt, deadline, locator, artifact. */
  let chunkId: string;
  beforeAll(async () => {
    ({ chunkId } = await readyChunk(ground));
    await finish(ground, chunkId);
  });

  const states = Object.keys(chunkStates) as ChunkState[];
  test.each(states)('leaves %s by the drawn edges and no other', async (from) => {
    for (const to of states.filter((state) => state !== from)) {
      const refused = await refusal(ground, async (tx) => {
        await force(tx, 'chunks', setChunk(from), [chunkId]);
        await tx.query(setChunk(to), [chunkId]);
      });
      const drawn = chunkEdges.some((edge) => edge.from === from && edge.to === to);
      expect(refused, `${from} to ${to}`).toBe(drawn ? null : 'chunk_edges');
    }
  });

  test.each<{ state: ChunkState; change: string; constraint: string }>([
    { state: 'held', change: "reason = 'nobody knows'", constraint: 'known_reason' },
    { state: 'held', change: 'reason = NULL', constraint: 'known_reason' },
    { state: 'blocked', change: "reason = 'unknown'", constraint: 'known_reason' },
    { state: 'blocked', change: 'reason = NULL', constraint: 'known_reason' },
    { state: 'rejected', change: 'reason = NULL', constraint: 'known_reason' },
    { state: 'ready', change: "reason = 'breaker'", constraint: 'known_reason' },
    { state: 'polling', change: "reason = 'poll'", constraint: 'known_reason' },
    { state: 'done', change: "reason = 'artifact'", constraint: 'known_reason' },
    { state: 'polling', change: "held_detail = 'deadline'", constraint: 'only_held_has_detail' },
    { state: 'ready', change: 'due_at = NULL', constraint: 'due_while_open' },
    { state: 'submitting', change: 'due_at = NULL', constraint: 'due_while_open' },
    { state: 'polling', change: 'due_at = NULL', constraint: 'due_while_open' },
    { state: 'result_ready', change: 'due_at = NULL', constraint: 'due_while_open' },
    { state: 'ingesting', change: 'due_at = NULL', constraint: 'due_while_open' },
    { state: 'held', change: 'due_at = now()', constraint: 'due_while_open' },
    { state: 'done', change: 'due_at = now()', constraint: 'due_while_open' },
    {
      state: 'submitting',
      change: 'attempt_id = NULL',
      constraint: 'paid_states_name_their_attempt',
    },
    { state: 'held', change: 'attempt_id = NULL', constraint: 'paid_states_name_their_attempt' },
    { state: 'done', change: 'attempt_id = NULL', constraint: 'paid_states_name_their_attempt' },
    { state: 'polling', change: 'poll_deadline_at = NULL', constraint: 'polling_has_a_deadline' },
    {
      state: 'result_ready',
      change: 'locator = NULL, artifact_id = NULL',
      constraint: 'a_result_can_be_found',
    },
    {
      state: 'ingesting',
      change: 'locator = NULL, artifact_id = NULL',
      constraint: 'a_result_can_be_found',
    },
    {
      state: 'held',
      change: 'awaiting_payment_since = now()',
      constraint: 'only_polling_awaits_payment',
    },
    { state: 'done', change: 'artifact_id = NULL', constraint: 'done_has_its_artifact' },
    { state: 'done', change: 'closed_at = NULL', constraint: 'closed_when_final' },
    { state: 'held', change: 'closed_at = now()', constraint: 'closed_when_final' },
  ])('that is $state refuses $change', async ({ state, change, constraint }) => {
    expect(
      await refusal(ground, async (tx) => {
        await force(tx, 'chunks', setChunk(state), [chunkId]);
        await tx.query(`UPDATE store.chunks SET ${change} WHERE id = $1`, [chunkId]);
      }),
    ).toBe(constraint);
  });

  test('is in a state that exists', async () => {
    expect(
      await refusal(ground, async (tx) => {
        await tx.query('ALTER TABLE store.chunks DISABLE TRIGGER USER');
        await tx.query("UPDATE store.chunks SET state = 'lost', closed_at = NULL WHERE id = $1", [
          chunkId,
        ]);
      }),
    ).toBe('known_state');
  });
});

describe('a job', () => {
  const states = Object.keys(jobStates) as JobState[];
  const setJob = (state: JobState) => {
    const closed = ['completed', 'completed_with_errors', 'cancelled', 'failed'].includes(state);
    return `UPDATE store.jobs SET state = '${state}', finished_at = ${closed ? 'now()' : 'NULL'},
              failure = ${state === 'failed' ? "'why'" : 'NULL'} WHERE id = $1`;
  };
  let jobId: string;
  beforeAll(async () => {
    ({ jobId } = await readyChunk(ground));
  });

  test.each(states)('leaves %s by the drawn edges and no other', async (from) => {
    for (const to of states.filter((state) => state !== from)) {
      const refused = await refusal(ground, async (tx) => {
        await force(tx, 'jobs', setJob(from), [jobId]);
        await tx.query(setJob(to), [jobId]);
      });
      const drawn = jobEdges.some((edge) => edge.from === from && edge.to === to);
      expect(refused, `${from} to ${to}`).toBe(drawn ? null : 'job_edges');
    }
  });

  test.each([
    ['lines = lines + 1', 'lines_are_accounted_for'],
    ['lines = NULL', 'lines_are_accounted_for'],
    ['duplicates = duplicates + 1', 'lines_are_accounted_for'],
    ['finished_at = now()', 'closed_has_an_end'],
    ["failure = 'why'", 'only_failed_has_a_failure'],
    ['open_chunks = -1', 'jobs_open_chunks_check'],
  ])('refuses %s', async (change, constraint) => {
    expect(
      await refusal(ground, (tx) =>
        tx.query(`UPDATE store.jobs SET ${change} WHERE id = $1`, [jobId]),
      ),
    ).toBe(constraint);
  });
});
