import { readdir, readFile } from 'node:fs/promises';
import { openResultReaders, ReaderDied } from '@rollcall/results';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Equipment } from './equipment.ts';
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
  others = await children();
  // What is collected once per process is there from here on: the only children that come are those that read.
  await ingestChunk(ground.equipment, await untilReady(), never);
});
afterAll(async () => {
  await ground.nothingPaidTwice();
  await ground.close();
});

async function untilReady(check = 'telegram', account = 'ekycpro'): Promise<string> {
  const jobId = await ground.enqueue(check, ground.fresh(20), { account });
  await planJob(ground.equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']);
  await submitChunk(ground.equipment, chunkId, never);
  await ground.hurry(jobId);
  await pollAccount(ground.equipment, account, never);
  return chunkId;
}

/** What this process has started beside readers: the simulator. */
let others: readonly number[] = [];

/** Readers, in the order of their start; Linux tells. */
async function children(): Promise<readonly number[]> {
  const threads = await readdir('/proc/self/task');
  const lists = threads.map((thread) =>
    readFile(`/proc/self/task/${thread}/children`, 'utf8').catch(() => ''),
  );
  const pids = (await Promise.all(lists))
    .join(' ')
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .toSorted((a, b) => a - b);
  return pids.filter((pid) => !others.includes(pid));
}

/** Those of files before are ended when nobody has taken them for a while. */
const noneIsKept = () =>
  waitFor(async () => (await children()).length === 0, { describe: 'no reader to be kept' });

/** Runs `work` and kills the first process that it starts. */
async function killingItsReader<Result>(work: () => Promise<Result>): Promise<Result> {
  await noneIsKept();
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

async function parseStarts(chunkId: string): Promise<number> {
  const { rows } = await ground.db.query<{ parse_started: number }>(
    'SELECT parse_started FROM store.artifacts WHERE chunk_id = $1',
    [chunkId],
  );
  return rows[0]?.parse_started ?? 0;
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

/** A worker that keeps its readers however long a busy machine takes from one file to the next. */
async function withPatience(use: (equipment: Equipment) => Promise<void>): Promise<void> {
  await noneIsKept();
  const readers = openResultReaders({ idle_ms: 60_000 });
  try {
    await use({ ...ground.equipment, readers });
  } finally {
    await readers.close();
  }
}

test.runIf(process.platform === 'linux')(
  'one that is killed at its second file costs that file one try, and the next try is read by a process that has read nothing',
  async () => {
    const [earlier, chunkId] = [await untilReady(), await untilReady()];
    await withPatience(async (equipment) => {
      expect(await ingestChunk(equipment, earlier, never)).toEqual({ rows: 20 });
      const [kept = 0] = await children();
      // So that the file is in its hands when it is killed.
      process.kill(kept, 'SIGSTOP');
      const ingesting = ingestChunk(equipment, chunkId, never);
      ingesting.catch(() => undefined);
      await waitFor(async () => (await parseStarts(chunkId)) === 1, {
        describe: 'the file to be given to it',
      });
      process.kill(kept, 'SIGKILL');
      await expect(ingesting).rejects.toThrow(ReaderDied);
      expect(await parseStarts(chunkId)).toBe(1);
      // Another one is kept meanwhile, and is not taken for it.
      expect(await ingestChunk(equipment, await untilReady(), never)).toEqual({ rows: 20 });
      const [other] = await children();
      await due(chunkId);
      expect(await ingestChunk(equipment, chunkId, never)).toEqual({ rows: 20 });
      expect(await children()).toEqual([other, expect.any(Number)]);
      expect(await parseStarts(chunkId)).toBe(0);
    });
  },
);

test.runIf(process.platform === 'linux')(
  'files of one account are read by one process, those of another account by another, and a replay by that of its account',
  async () => {
    const chunks = [await untilReady(), await untilReady()];
    const elsewhere = await untilReady('whatsapp', 'webcom');
    const replayed = String(
      (await ground.chunks(await prepareJob(ground, 'replay', 22)))[0]?.['id'],
    );
    await withPatience(async (equipment) => {
      expect(await ingestChunk(equipment, chunks[0] ?? '', never)).toEqual({ rows: 20 });
      const [first] = await children();
      expect(await ingestChunk(equipment, chunks[1] ?? '', never)).toEqual({ rows: 20 });
      expect(await replayChunk(equipment, replayed)).toEqual({ compared: 1 });
      expect(await children()).toEqual([first]);
      expect(await ingestChunk(equipment, elsewhere, never)).toEqual({ rows: 20 });
      expect(await children()).toEqual([first, expect.any(Number)]);
    });
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
