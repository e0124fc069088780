import { readdir, readFile } from 'node:fs/promises';
import { ReaderDied } from '@rollcall/results';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ingestChunk } from './stages/ingest.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { replayChunk } from './stages/replay.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround } from './test-ground.ts';
import { prepareJob } from './testing/prepare-job.ts';

/** The process that reads a file is killed from outside, as the kernel does when memory ends: the worker lives and goes on. */
let ground: Ground;
const never = new AbortController().signal;

beforeAll(async () => {
  ground = await layGround();
  // What is collected once per process is there from here on: the only children that come are those that read.
  await ingestChunk(ground.equipment, await untilReady(), never);
});
afterAll(async () => {
  await ground.nothingPaidTwice();
  await ground.close();
});

async function untilReady(): Promise<string> {
  const jobId = await ground.enqueue('telegram', ground.fresh(20));
  await planJob(ground.equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']);
  await submitChunk(ground.equipment, chunkId, never);
  await ground.hurry(jobId);
  await pollAccount(ground.equipment, 'ekycpro', never);
  return chunkId;
}

/** Children of this process; Linux tells. */
async function children(): Promise<readonly number[]> {
  const threads = await readdir('/proc/self/task');
  const lists = threads.map((thread) =>
    readFile(`/proc/self/task/${thread}/children`, 'utf8').catch(() => ''),
  );
  return (await Promise.all(lists)).join(' ').split(' ').filter(Boolean).map(Number);
}

/** Runs `work` and kills the first process that it starts. */
async function killingItsReader<Result>(work: () => Promise<Result>): Promise<Result> {
  const before = await children();
  const running = work();
  running.catch(() => undefined);
  const reader = await waitFor(
    async () => (await children()).find((child) => !before.includes(child)) ?? null,
    { everyMs: 1, describe: 'a process that reads' },
  );
  process.kill(reader, 'SIGKILL');
  return running;
}

const due = (chunkId: string) =>
  ground.db.query('UPDATE store.chunks SET due_at = clock_timestamp() WHERE id = $1', [chunkId]);

test.runIf(process.platform === 'linux')(
  'fault 14: its reader killed, twice: the file is quarantined unread, the worker lives and its neighbour is answered',
  async () => {
    const chunkId = await untilReady();
    for (const death of [1, 2]) {
      await due(chunkId);
      await expect(
        killingItsReader(() => ingestChunk(ground.equipment, chunkId, never)),
      ).rejects.toThrow(ReaderDied);
      const { rows } = await ground.db.query<{ parse_started: number; state: string }>(
        'SELECT f.parse_started, c.state FROM store.artifacts f JOIN store.chunks c ON c.id = f.chunk_id WHERE c.id = $1',
        [chunkId],
      );
      expect(rows).toEqual([{ parse_started: death, state: 'result_ready' }]);
    }
    await due(chunkId);
    expect(await ingestChunk(ground.equipment, chunkId, never)).toEqual({ hold: 1 });
    const { rows } = await ground.db.query(
      'SELECT f.verdict, f.verdict_code, c.state FROM store.artifacts f JOIN store.chunks c ON c.id = f.chunk_id WHERE c.id = $1',
      [chunkId],
    );
    expect(rows).toEqual([{ verdict: 'unreadable', verdict_code: 'parser_died', state: 'held' }]);
    expect(await ingestChunk(ground.equipment, await untilReady(), never)).toEqual({ rows: 20 });
  },
);

test.runIf(process.platform === 'linux')(
  'a replay whose reader is killed is tried again, and compares',
  async () => {
    const jobId = await prepareJob(ground, 'replay', 21);
    const chunkId = String((await ground.chunks(jobId))[0]?.['id']);
    await expect(killingItsReader(() => replayChunk(ground.equipment, chunkId))).rejects.toThrow(
      ReaderDied,
    );
    await ground.db.query(
      'UPDATE store.replays SET due_at = clock_timestamp() WHERE chunk_id = $1',
      [chunkId],
    );
    expect(await replayChunk(ground.equipment, chunkId)).toEqual({ compared: 1 });
  },
);
