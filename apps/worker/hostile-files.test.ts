import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { prepareResultReaders } from '@rollcall/results';
import { hostileChunk_numbers, hostileResultFiles } from '@rollcall/testing';
import { openMetrics } from '@rollcall/telemetry';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ingestChunk } from './stages/ingest.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround } from './test-ground.ts';

/** Every hostile result file, from the provider's answer to where its chunk ends: with a reason, its bytes kept, and a worker that lives (P11). */
let ground: Ground;
const never = new AbortController().signal;
const account = 'ekycpro';
/** A host that result files may lie on. */
let served = Buffer.alloc(0);
const host = createServer(({ url = '' }, response) => {
  // A host that refuses repeats what it was asked for, as S3 does.
  if (url.startsWith('/refused')) response.writeHead(500).end(`no ${url}`);
  else response.end(served);
});
/** What makes a presigned URL work. */
const signature = '5ec7e75ec7e7';
let origin = '';

interface Line {
  readonly file: string;
  readonly bytes: number;
  readonly ends: string;
  readonly memory_mib: number;
  readonly processor_ms: number;
  readonly took_ms: number;
}
const table: Line[] = [];

beforeAll(async () => {
  await prepareResultReaders();
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  origin = `127.0.0.1:${(host.address() as AddressInfo).port}`;
  ground = await layGround({
    metrics: await openMetrics('worker', { ofProcess: false }),
    change: (each) => ({ ...each, resultHosts: [...each.resultHosts, origin] }),
  });
});
afterEach(async () => {
  await ground.simulator.control('DELETE', 'faults');
});
afterAll(async () => {
  await ground.nothingPaidTwice();
  await ground.close();
  host.close();
  process.stdout.write(`${asText(table)}\n`);
});

/** A job whose chunk has a result to be fetched from our host. */
async function untilReady(numbers: readonly number[], path: string): Promise<string> {
  await ground.fault({
    match: { account, operation: 'create' },
    action: {
      kind: 'statuses',
      statuses: [
        { status: 'exported', result_url: `http://${origin}/${path}?X-Amz-Signature=${signature}` },
      ],
    },
  });
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  const [chunk] = await ground.chunks(jobId);
  const chunkId = String(chunk?.['id']);
  expect(await submitChunk(ground.equipment, chunkId, never)).toEqual({ polling: 1 });
  await ground.hurry(jobId);
  expect(await pollAccount(ground.equipment, account, never)).toMatchObject({ ready: 1 });
  return jobId;
}

test.each(hostileResultFiles)('$name ends as it should: $what', async ({ name, ends, make }) => {
  const numbers = ground.fresh(hostileChunk_numbers);
  served = Buffer.from(await make(numbers.map(String)));
  const jobId = await untilReady(numbers, name);
  const [ready] = await ground.chunks(jobId);
  const from_ms = performance.now();
  const counts = await ingestChunk(ground.equipment, String(ready?.['id']), never);
  const took_ms = performance.now() - from_ms;

  const [chunk] = await ground.chunks(jobId);
  const { rows: kept } = await ground.db.query<{ bytes: number; verdict: string | null }>(
    'SELECT byte_count::float8 AS bytes, verdict FROM store.artifacts WHERE chunk_id = $1',
    [chunk?.['id']],
  );
  const { rows: outcomes } = await ground.db.query<{ outcome: string; numbers: number }>(
    'SELECT outcome, count(*)::int AS numbers FROM rollcall.results WHERE job_id = $1 GROUP BY 1',
    [jobId],
  );
  if ('held' in ends) {
    expect(counts).toEqual({ hold: 1 });
    expect(chunk).toMatchObject({ state: 'held', reason: 'artifact', held_detail: ends.held });
    expect(kept).toEqual([{ bytes: served.length, verdict: expect.any(String) }]);
    expect(outcomes).toEqual([]);
  } else {
    expect(chunk).toMatchObject({ state: 'done' });
    expect(Object.fromEntries(outcomes.map((row) => [row.outcome, row.numbers]))).toEqual(
      ends.done,
    );
  }
  const parsed = ground.logged.findLast(({ event }) => event === 'artifact.parsed');
  const used = parsed?.['counts'] as Record<string, number>;
  const memory_mib = used['reader_memory_mib'] ?? Number.NaN;
  const processor_ms = used['reader_processor_ms'] ?? Number.NaN;
  table.push({
    file: name,
    bytes: served.length,
    ends: 'held' in ends ? ends.held : 'read',
    memory_mib,
    processor_ms,
    took_ms,
  });
  expect(memory_mib).toBeLessThanOrEqual(256);
  expect(processor_ms).toBeLessThanOrEqual(30_000);
});

test('none of them spoke in the log, and an honest neighbour is answered', async () => {
  const said = JSON.stringify(ground.logged);
  expect(said).not.toMatch(/owned|\\u001b|passwd/);
  expect(said).not.toContain(signature);
  const jobId = await ground.enqueue('telegram', ground.fresh(20));
  await planJob(ground.equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']);
  await submitChunk(ground.equipment, chunkId, never);
  await ground.hurry(jobId);
  await pollAccount(ground.equipment, account, never);
  expect(await ingestChunk(ground.equipment, chunkId, never)).toEqual({ rows: 20 });
});

test('the query of a URL stays beside its chunk alone: in no log, no metric and no evidence, whatever its host repeats', async () => {
  const jobId = await untilReady(ground.fresh(3), 'refused');
  const [chunk] = await ground.chunks(jobId);
  expect(await ingestChunk(ground.equipment, String(chunk?.['id']), never)).toEqual({ retry: 1 });
  const { rows: tables } = await ground.db.query<{ name: string }>(
    "SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'store'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition",
  );
  const found: string[] = [];
  for (const { name } of tables) {
    // Bytes are hexadecimal in a row's text.
    const { rows } = await ground.db.query(
      `SELECT 1 FROM ${name} AS t WHERE t::text ~ $1 LIMIT 1`,
      [`${signature}|${Buffer.from(signature).toString('hex')}`],
    );
    if (rows.length > 0) found.push(name);
  }
  expect(found).toEqual(['store.chunks']);
  const { text } = await ground.equipment.metrics.read();
  expect(text).toContain('operation="download",status="5xx"');
  expect(text).not.toContain(signature);
  expect(JSON.stringify(ground.logged)).not.toContain(signature);
});

test('the page lists each of them, with what is wrong and how it ends', async () => {
  const page = await readFile(join(import.meta.dirname, '../../docs/hostile-files.md'), 'utf8');
  const listed = page.matchAll(/^\| `([^`]+)`\s+\| (.+?)\s+\| (?:`([a-z_]+)`|read)\s+\|/gm);
  expect([...listed].map(([, file, what, held]) => [file, what, held ?? 'read'])).toEqual(
    hostileResultFiles.map(({ name, what, ends }) => [
      name,
      what,
      'held' in ends ? ends.held : 'read',
    ]),
  );
});

function asText(lines: readonly Line[]): string {
  const rows = lines.map(({ file, bytes, ends, memory_mib, processor_ms, took_ms }) =>
    [
      file.padEnd(26),
      String(bytes).padStart(11),
      ` ${ends.padEnd(22)}`,
      String(memory_mib).padStart(4),
      String(processor_ms).padStart(7),
      String(Math.round(took_ms)).padStart(7),
    ].join(' '),
  );
  return ['file, bytes, how it ends, peak MiB, processor ms, ms in all', ...rows].join('\n');
}
