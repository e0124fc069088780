import { afterAll, beforeAll, expect, test } from 'vitest';
import { countParseStart, endParse } from './sql/claim-ingest.ts';
import { blockChunk, unblockChunk } from './sql/claim-submit.ts';
import { extendLease } from './sql/extend-lease.ts';
import { leaveIngest } from './sql/leave-ingest.ts';
import { settlePoll } from './sql/poll-tasks.ts';
import { expireLeases } from './sql/sweep-due.ts';
import {
  acceptance,
  accepted,
  future_ms,
  heldUnknown,
  lost,
  notSent,
  past_ms,
  ready,
  refused,
  retry,
} from './testing/answers.ts';
import { chunkRow, type Ground, layGround, row } from './testing/ground.ts';
import {
  archive,
  claim,
  claimPoll,
  publish,
  readyChunk,
  settle,
  startIngest,
  submit,
  untilResult,
} from './testing/walk-chunk.ts';

/** A worker that slept through its lease, while another took the chunk, changes no row of state: whatever it writes. */

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

/** All state of a chunk and its job, in one value to compare. */
async function stateOf(chunkId: string) {
  return {
    chunk: await chunkRow(ground, chunkId),
    job: await row(
      ground,
      'SELECT j.* FROM store.jobs j JOIN store.chunks c ON c.job_no = j.job_no WHERE c.id = $1',
      [chunkId],
    ),
    rows: await row(
      ground,
      `SELECT (SELECT count(*) FROM store.results) AS results, (SELECT count(*) FROM store.job_outcomes) AS outcomes,
              (SELECT count(*) FROM store.quarantined_rows) AS quarantined, (SELECT count(*) FROM store.refund_claims) AS claims`,
    ),
  };
}

/** A submit claim that was lost to a retry: a second claim holds the chunk. */
async function lostSubmit() {
  const { chunkId } = await readyChunk(ground);
  const first = await claim(ground, chunkId);
  await settle(ground, first, notSent, retry);
  await claim(ground, chunkId);
  return { chunkId, first };
}
async function lostPoll() {
  const { chunkId } = await readyChunk(ground);
  await submit(ground, chunkId);
  const first = await claimPoll(ground, chunkId);
  await ground.db.query('UPDATE store.chunks SET due_at = now() WHERE id = $1', [chunkId]);
  await claimPoll(ground, chunkId);
  return { chunkId, first };
}
async function lostIngest() {
  const { chunkId } = await readyChunk(ground);
  await untilResult(ground, chunkId);
  const first = await startIngest(ground, chunkId, 0);
  await ground.db.transaction('test', expireLeases);
  await startIngest(ground, chunkId);
  return { chunkId, first };
}

async function poll(decision: Parameters<typeof settlePoll>[3]) {
  const { chunkId, first } = await lostPoll();
  return {
    chunkId,
    write: () =>
      ground.db.transaction('test', (tx) =>
        settlePoll(tx, first, { kind: 'status', status: ready }, decision),
      ),
    says: { kind: 'stale' },
  };
}
async function submitted(
  ...[answer, result]: [Parameters<typeof settle>[2], Parameters<typeof settle>[3]]
) {
  const { chunkId, first } = await lostSubmit();
  return {
    chunkId,
    write: () => settle(ground, first, answer, result),
    says: { kind: 'stale' },
  };
}
async function leave(step: Parameters<typeof leaveIngest>[3]) {
  const { chunkId, first } = await lostIngest();
  return {
    chunkId,
    write: () => ground.db.transaction('test', (tx) => leaveIngest(tx, first, null, step)),
    says: false,
  };
}

interface Late {
  readonly chunkId: string;
  readonly write: () => Promise<unknown>;
  readonly says: unknown;
}

const writes: Readonly<Record<string, () => Promise<Late>>> = {
  'settleSubmit, accepted': () => submitted(acceptance('stale-1'), accepted),
  'settleSubmit, retry': () => submitted(refused, retry),
  'settleSubmit, rejected': () => submitted(refused, { kind: 'rejected', reason: 'no' }),
  'settleSubmit, cancelled': () => submitted(notSent, { kind: 'cancelled' }),
  'settleSubmit, held': () => submitted(lost, heldUnknown),
  'extendLease of an upload': async () => {
    const { chunkId, first } = await lostSubmit();
    return {
      chunkId,
      write: () => extendLease(ground.db, chunkId, first.fence, 60_000),
      says: false,
    };
  },
  blockChunk: async () => {
    const { chunkId } = await readyChunk(ground);
    await settle(ground, await claim(ground, chunkId), notSent, retry);
    return {
      chunkId,
      write: () =>
        ground.db.transaction('test', (tx) => blockChunk(tx, chunkId, 0, 'breaker', null)),
      says: false,
    };
  },
  unblockChunk: async () => {
    const { chunkId } = await readyChunk(ground);
    await settle(ground, await claim(ground, chunkId), notSent, retry);
    await ground.db.transaction('test', (tx) => blockChunk(tx, chunkId, 1, 'breaker', null));
    return {
      chunkId,
      write: () => ground.db.transaction('test', (tx) => unblockChunk(tx, chunkId, 0)),
      says: false,
    };
  },
  'settlePoll, wait': () =>
    poll({
      kind: 'wait',
      due_ms: past_ms,
      notBefore_ms: past_ms,
      deadline_ms: future_ms,
      awaitingPaymentSince_ms: past_ms,
      applied: true,
      upstreamFailures: 1,
      missingPolls: 1,
    }),
  'settlePoll, ready': () => poll({ kind: 'ready', locator: { kind: 'hash', hash: 'h' } }),
  'settlePoll, hold': () =>
    poll({ kind: 'hold', reason: 'upstream_failed', detail: 'failed_twice' }),
  'extendLease of an ingest': async () => {
    const { chunkId, first } = await lostIngest();
    return {
      chunkId,
      write: () => extendLease(ground.db, chunkId, first.fence, 60_000),
      says: false,
    };
  },
  recordArtifact: async () => {
    const { chunkId, first } = await lostIngest();
    return { chunkId, write: async () => (await archive(ground, first)).tied, says: false };
  },
  publishResults: async () => {
    const { chunkId, first } = await lostIngest();
    const artifact = await archive(ground, first);
    return {
      chunkId,
      write: () => publish(ground, first, artifact.id),
      says: { kind: 'stale' },
    };
  },
  'leaveIngest, retry': () => leave({ kind: 'retry', due_ms: past_ms }),
  'leaveIngest, refresh': () => leave({ kind: 'refresh', due_ms: past_ms, deadline_ms: future_ms }),
  'leaveIngest, hold': () =>
    leave({ kind: 'hold', reason: 'artifact', code: 'html', verdict: 'unreadable', detail: null }),
};

test.each(Object.entries(writes))(
  'fault 13: %s, by whose claim is gone, changes nothing',
  async (_, prepare) => {
    const { chunkId, write, says } = await prepare();
    const before = await stateOf(chunkId);
    expect(await write()).toEqual(says);
    expect(await stateOf(chunkId)).toEqual(before);
  },
);

test('what a late poll heard is history all the same, marked as not applied', async () => {
  const { chunkId, write } = await poll({ kind: 'ready', locator: { kind: 'hash', hash: 'h' } });
  await write();
  expect(
    await row(ground, 'SELECT word, phase, applied FROM store.poll_history WHERE chunk_id = $1', [
      chunkId,
    ]),
  ).toEqual({ word: 'exported', phase: 'ready', applied: false });
});

test('what a late ingest downloaded is kept all the same', async () => {
  const { chunkId, first } = await lostIngest();
  const artifact = await archive(ground, first);
  expect(
    await row(ground, 'SELECT chunk_id FROM store.artifacts WHERE id = $1', [artifact.id]),
  ).toEqual({ chunk_id: chunkId });
});

test('an ingest that is published twice writes its rows once', async () => {
  const { chunkId } = await readyChunk(ground);
  await untilResult(ground, chunkId);
  const ingest = await startIngest(ground, chunkId);
  const artifact = await archive(ground, ingest);
  expect((await publish(ground, ingest, artifact.id)).kind).toBe('published');
  const before = await stateOf(chunkId);
  expect(await publish(ground, ingest, artifact.id)).toEqual({ kind: 'stale' });
  expect(await stateOf(chunkId)).toEqual(before);
});

test('counts neither a start nor an end of parsing: deaths in the newer claim stay counted', async () => {
  const { chunkId } = await readyChunk(ground);
  await untilResult(ground, chunkId);
  const first = await startIngest(ground, chunkId, 0);
  const { id } = await archive(ground, first);
  expect(await countParseStart(ground.db, first, id)).toBe(true);
  await ground.db.transaction('test', expireLeases);
  const second = await startIngest(ground, chunkId);
  expect(await countParseStart(ground.db, second, id)).toBe(true);
  expect(await countParseStart(ground.db, first, id)).toBe(false);
  expect(await endParse(ground.db, first, id)).toBe(false);
  const starts = async () =>
    row(ground, 'SELECT parse_started FROM store.artifacts WHERE id = $1', [id]);
  expect(await starts()).toEqual({ parse_started: 2 });
  expect(await endParse(ground.db, second, id)).toBe(true);
  expect(await starts()).toEqual({ parse_started: 0 });
});
