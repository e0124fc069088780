/**
 * Every edge of the three machines is taken by one of the package's verbs, and no edge is declared that none of them takes. A
 * trigger of the test's own writes down each step. One file, over 300 lines: the three tables of walks share their first steps.
 */
import {
  attemptEdges,
  chunkEdges,
  jobEdges,
  type Money,
  type PollDecision,
  type SubmitResult,
} from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockChunk, unblockChunk } from './sql/claim-submit.ts';
import { closeIfAudited } from './sql/close-job.ts';
import { cancelJob, pauseJob, resumeJob } from './sql/control-job.ts';
import { adoptTask } from './sql/adopt-task.ts';
import { giveUp, payAgain, replayArtifact } from './sql/decide-held.ts';
import { leaveIngest } from './sql/leave-ingest.ts';
import { insertChunks, insertRejectedChunk, supersedeUnsent, wholeJob } from './sql/plan-chunks.ts';
import { failJob, lockJobForPlanning } from './sql/planned-job.ts';
import { settlePoll } from './sql/poll-tasks.ts';
import {
  accepted,
  acceptance,
  future_ms,
  heldUnknown,
  lost,
  notSent,
  past_ms,
  ready,
  refused,
  retry,
} from './testing/answers.ts';
import { type Ground, layGround, newId } from './testing/ground.ts';
import {
  archive,
  claim,
  claimPoll,
  finish,
  plan,
  publish,
  readyChunk,
  receive,
  settle,
  someNumbers,
  startIngest,
  submit,
  untilResult,
} from './testing/walk-chunk.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
  await ground.db.query(`
    CREATE TABLE public.steps (machine text, edge text);
    CREATE FUNCTION public.keep_step() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      was text := CASE TG_TABLE_NAME WHEN 'attempts' THEN to_jsonb(OLD) ->> 'outcome' ELSE to_jsonb(OLD) ->> 'state' END;
      is_now text := CASE TG_TABLE_NAME WHEN 'attempts' THEN to_jsonb(NEW) ->> 'outcome' ELSE to_jsonb(NEW) ->> 'state' END;
    BEGIN
      IF was <> is_now THEN INSERT INTO public.steps VALUES (TG_TABLE_NAME, was || ' → ' || is_now); END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER keep_step AFTER UPDATE ON store.chunks FOR EACH ROW EXECUTE FUNCTION public.keep_step();
    CREATE TRIGGER keep_step AFTER UPDATE ON store.attempts FOR EACH ROW EXECUTE FUNCTION public.keep_step();
    CREATE TRIGGER keep_step AFTER UPDATE ON store.jobs FOR EACH ROW EXECUTE FUNCTION public.keep_step();`);
});
afterAll(() => ground.close());

const person = { tenantId: 1, decidedBy: 'ada@example.com', why: 'support has answered' };
const blocked = (reason: 'provider_balance' | 'auth'): SubmitResult => ({
  kind: 'blocked',
  reason,
  due_ms: null,
});
const replan: SubmitResult = { kind: 'replan', learned: { minNumbers: 100, maxNumbers: null } };
const heldPoll: PollDecision = { kind: 'hold', reason: 'poll', detail: 'deadline' };
const heldUpstream: PollDecision = {
  kind: 'hold',
  reason: 'upstream_failed',
  detail: 'failed_twice',
};

/** The steps that several edges begin with. */
async function claimed() {
  const { jobId, chunkId } = await readyChunk(ground);
  return { jobId, chunkId, chunk: await claim(ground, chunkId) };
}
async function polling() {
  const { jobId, chunkId } = await readyChunk(ground);
  return { jobId, chunkId, chunk: await submit(ground, chunkId) };
}
async function polled(chunkId: string, decision: PollDecision) {
  const poll = await claimPoll(ground, chunkId);
  await ground.db.transaction('test', (tx) =>
    settlePoll(tx, poll, { kind: 'status', status: ready }, decision),
  );
}
async function held() {
  const made = await claimed();
  await settle(ground, made.chunk, lost, heldUnknown);
  return made;
}
async function failedUpstream() {
  const made = await polling();
  await polled(made.chunkId, heldUpstream);
  return made;
}
async function ingesting() {
  const { jobId, chunkId } = await readyChunk(ground);
  await untilResult(ground, chunkId);
  const ingest = await startIngest(ground, chunkId);
  return { jobId, chunkId, ingest, artifact: await archive(ground, ingest) };
}
async function leave(step: Parameters<typeof leaveIngest>[3]) {
  const { chunkId, ingest, artifact } = await ingesting();
  expect(
    await ground.db.transaction('test', (tx) => leaveIngest(tx, ingest, artifact.id, step)),
  ).toBe(true);
  return chunkId;
}
const inDoubt = {
  kind: 'hold',
  reason: 'artifact',
  code: 'count_in_doubt',
  verdict: 'mismatch',
  detail: null,
} as const;
/** Plans anew, as the plan stage does: what is taken back is cut again in the same transaction. */
async function supersede(jobId: string) {
  await ground.db.transaction('test', async (tx) => {
    const job = await lockJobForPlanning(tx, jobId);
    if (job === null) throw new Error('the job is locked');
    const [area] = await supersedeUnsent(tx, job);
    if (!area) throw new Error('nothing was taken back');
    await insertChunks(tx, job, area, job.chunks + 1, [
      { id: newId.chunk(), numbers: area.numbers, state: 'ready', isCanary: false },
    ]);
  });
}
async function twoChunks() {
  const jobId = await receive(ground, someNumbers(4));
  const [first = '', second = ''] = await plan(ground, jobId, [{ size: 2 }, { size: 2 }]);
  return { jobId, first, second };
}
async function payAgainAs(chunkId: string, liftedTo: 'not_charged' | 'written_off') {
  const approval = { id: newId.approval(), costCeiling: 1_000_000_000n as Money, liftedTo };
  expect(await payAgain(ground.db, chunkId, approval, person)).toMatchObject({ kind: 'decided' });
}
async function rejectOne(chunkId: string) {
  const chunk = await claim(ground, chunkId);
  await settle(ground, chunk, refused, { kind: 'rejected', reason: 'wrong data' });
}

type Walks = Readonly<Record<string, () => Promise<unknown>>>;

const chunkWalks: Walks = {
  'ready → submitting': claimed,
  'ready → blocked': async () => {
    const { chunkId } = await readyChunk(ground);
    await ground.db.transaction('test', (tx) => blockChunk(tx, chunkId, 0, 'job_ceiling', null));
  },
  'ready → cancelled': async () => {
    const { jobId } = await readyChunk(ground);
    await cancelJob(ground.db, 1, jobId);
  },
  'ready → superseded': async () => {
    const { jobId, first } = await twoChunks();
    await settle(ground, await claim(ground, first), refused, replan);
    await supersede(jobId);
  },
  'submitting → polling': polling,
  'submitting → ready': async () => settle(ground, (await claimed()).chunk, notSent, retry),
  'submitting → blocked': async () =>
    settle(ground, (await claimed()).chunk, refused, blocked('provider_balance')),
  'submitting → rejected': async () => rejectOne((await readyChunk(ground)).chunkId),
  'submitting → held': held,
  'submitting → cancelled': async () => {
    const { jobId, chunk } = await claimed();
    await cancelJob(ground.db, 1, jobId);
    await settle(ground, chunk, notSent, { kind: 'cancelled' });
  },
  'blocked → ready': async () => {
    const { chunkId } = await readyChunk(ground);
    await ground.db.transaction('test', (tx) => blockChunk(tx, chunkId, 0, 'job_ceiling', null));
    await ground.db.transaction('test', (tx) => unblockChunk(tx, chunkId, 0));
  },
  'blocked → cancelled': async () => {
    const { jobId, chunkId } = await readyChunk(ground);
    await ground.db.transaction('test', (tx) => blockChunk(tx, chunkId, 0, 'breaker', null));
    await cancelJob(ground.db, 1, jobId);
  },
  'blocked → superseded': async () => {
    const { jobId, chunk } = await claimed();
    await settle(ground, chunk, refused, replan);
    await supersede(jobId);
  },
  'polling → result_ready': async () => {
    const { chunkId } = await polling();
    await polled(chunkId, { kind: 'ready', locator: { kind: 'hash', hash: 'abc' } });
  },
  'polling → held': async () => polled((await polling()).chunkId, heldPoll),
  'result_ready → ingesting': ingesting,
  'ingesting → done': async () => {
    const { ingest, artifact } = await ingesting();
    expect(await publish(ground, ingest, artifact.id)).toMatchObject({ kind: 'published' });
  },
  'ingesting → result_ready': () => leave({ kind: 'retry', due_ms: past_ms }),
  'ingesting → polling': () => leave({ kind: 'refresh', due_ms: past_ms, deadline_ms: future_ms }),
  'ingesting → held': () => leave(inDoubt),
  'held → polling': async () => {
    const { chunkId } = await held();
    await adoptTask(ground.db, chunkId, `adopted-${chunkId}`, future_ms, person);
  },
  'held → ready': async () => payAgainAs((await held()).chunkId, 'written_off'),
  'held → result_ready': async () => {
    const chunkId = await leave(inDoubt);
    await replayArtifact(ground.db, chunkId, person);
  },
  'held → failed': async () => giveUp(ground.db, (await held()).chunkId, person),
};

const attemptWalks: Walks = {
  'intent → accepted': polling,
  'intent → refused_free': async () => settle(ground, (await claimed()).chunk, refused, retry),
  'intent → not_sent': async () => settle(ground, (await claimed()).chunk, notSent, retry),
  'intent → unknown': held,
  'unknown → accepted': async () => {
    const { chunk, chunkId } = await held();
    await settle(ground, chunk, acceptance(`late-${chunkId}`), accepted);
  },
  'unknown → not_charged': async () => payAgainAs((await held()).chunkId, 'not_charged'),
  'unknown → written_off': async () => payAgainAs((await held()).chunkId, 'written_off'),
  'accepted → not_charged': async () => payAgainAs((await failedUpstream()).chunkId, 'not_charged'),
  'accepted → written_off': async () => payAgainAs((await failedUpstream()).chunkId, 'written_off'),
};

const jobWalks: Walks = {
  'receiving → planning': () => receive(ground, someNumbers(1)),
  'planning → running': () => readyChunk(ground),
  'planning → completed': async () => {
    const jobId = await receive(ground, someNumbers(0));
    await ground.db.transaction('test', async (tx) => {
      const job = await lockJobForPlanning(tx, jobId);
      return closeIfAudited(tx, job?.jobNo ?? 0, jobId, 'planning');
    });
  },
  'planning → cancelling': async () =>
    cancelJob(ground.db, 1, await receive(ground, someNumbers(2))),
  'planning → failed': async () => {
    const jobId = await receive(ground, someNumbers(2));
    await ground.db.transaction('test', async (tx) => {
      const job = await lockJobForPlanning(tx, jobId);
      if (job === null) throw new Error('the job is locked');
      const area = await wholeJob(tx, job);
      await insertRejectedChunk(tx, job, area, 1, newId.chunk(), 'check_not_offered');
      await failJob(tx, job.jobNo, 'the account does not offer the check');
    });
  },
  'running → paused': async () => pauseJob(ground.db, 1, (await readyChunk(ground)).jobId),
  'paused → running': async () => {
    const { jobId } = await readyChunk(ground);
    await pauseJob(ground.db, 1, jobId);
    await resumeJob(ground.db, 1, jobId);
  },
  'running → cancelling': async () => cancelJob(ground.db, 1, (await claimed()).jobId),
  'paused → cancelling': async () => {
    const { jobId } = await claimed();
    await pauseJob(ground.db, 1, jobId);
    await cancelJob(ground.db, 1, jobId);
  },
  'running → completed': async () => finish(ground, (await readyChunk(ground)).chunkId),
  'running → completed_with_errors': async () => {
    const { first, second } = await twoChunks();
    await rejectOne(first);
    await finish(ground, second);
  },
  'paused → completed': async () => {
    const { jobId, ingest, artifact } = await ingesting();
    await pauseJob(ground.db, 1, jobId);
    await publish(ground, ingest, artifact.id);
  },
  'paused → completed_with_errors': async () => {
    const { jobId, chunk } = await claimed();
    await pauseJob(ground.db, 1, jobId);
    await settle(ground, chunk, refused, { kind: 'rejected', reason: 'wrong data' });
  },
  'cancelling → cancelled': async () => {
    const { jobId, chunk } = await claimed();
    await cancelJob(ground.db, 1, jobId);
    await settle(ground, chunk, notSent, { kind: 'cancelled' });
  },
};

describe.each([
  { machine: 'chunks', walks: chunkWalks, edges: chunkEdges },
  { machine: 'attempts', walks: attemptWalks, edges: attemptEdges },
  { machine: 'jobs', walks: jobWalks, edges: jobEdges },
])('the edges of $machine', ({ machine, walks, edges }) => {
  test.each(Object.entries(walks))('%s', async (edge, walk) => {
    await ground.db.query('TRUNCATE public.steps');
    await walk();
    const { rows } = await ground.db.query<{ edge: string }>(
      'SELECT DISTINCT edge FROM public.steps WHERE machine = $1',
      [machine],
    );
    expect(rows.map((step) => step.edge)).toContain(edge);
  });

  test('are all taken, and no other is declared', () => {
    expect(Object.keys(walks).toSorted()).toEqual(
      edges.map(({ from, to }) => `${from} → ${to}`).toSorted(),
    );
  });
});

test('whatever was walked, every job that closed has both sums', async () => {
  const { rows } = await ground.db.query(
    `SELECT j.id, a.* FROM store.jobs j CROSS JOIN LATERAL rollcall.audit(j.id) a WHERE NOT a.ok`,
  );
  expect(rows).toEqual([]);
});
