import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type BreakingLine, openBreakingLine } from './testing/breaking-line.ts';
import { type Ground, layGround } from './testing/ground.ts';
import { runCli, startCli } from './testing/run-cli.ts';

/** What the command line does when the line, the API or the person at the terminal goes away. */
let ground: Ground;
let line: BreakingLine;
let key: string;
beforeAll(async () => {
  ground = await layGround();
  line = await openBreakingLine(ground.url);
  key = await ground.key(['admin']);
}, 120_000);
afterEach(async () => {
  await ground.simulator.control('DELETE', 'faults');
});
afterAll(async () => {
  await line.close();
  await ground.close();
});

const rollcall = (...words: string[]) => runCli(words, { url: ground.url, key });
const said = ['--check', 'telegram', '--purpose', 'a test', '--requested-by', 'vitest'];
const jobIdShape = /^job_[0-9a-f-]{36}$/;

test.each([
  ['in the middle of the upload', 'request', 150_000],
  ['when the answer comes', 'answer', 1],
] as const)(
  'a connection that is lost %s is tried again, and makes one job',
  async (_, direction, bytes) => {
    const { file } = await ground.list(20_000);
    const before = await ground.jobCount();
    const broke = line.breakOnce(direction, bytes);
    const ran = await runCli(['check', file, ...said], { url: line.url, key });
    await broke;
    expect(ran.code, ran.err).toBe(0);
    expect(ran.err).toMatch(/Try 1 of 6: the connection was lost .*same Idempotency-Key/);
    expect(await ground.jobCount()).toBe(before + 1);
    await rollcall('cancel', ran.out.trim());
  },
);

test('an upload that stays unanswered ends with the key that makes it safe to repeat', async () => {
  const { file } = await ground.list(20_000);
  void line.breakOnce('request', 100_000);
  const ran = await runCli(['check', file, ...said, '--retries', '0'], { url: line.url, key });
  expect(ran.code).toBe(4);
  const [again] = /--idempotency-key \S+/.exec(ran.err) ?? [];
  expect(again).toBeDefined();
  const words = ['check', file, ...said, ...(again ?? '').split(' ')];
  const [first, second] = [await rollcall(...words), await rollcall(...words)];
  expect([first.code, second.out]).toEqual([0, first.out]);
  await rollcall('cancel', first.out.trim());
});

test('an API that is killed and comes back is waited for', async () => {
  const { file } = await ground.list(50);
  await ground.fault({ kind: 'delay', ms: 4_000 }, 'status');
  const cli = startCli(['check', file, ...said, '--wait'], { url: ground.url, key });
  await waitFor(() => jobIdShape.test(cli.stdout().trim()), {
    timeoutMs: 60_000,
    describe: 'the job',
  });
  await ground.killApi();
  await waitFor(() => cli.stderr().includes('The API gives no answer'), {
    timeoutMs: 60_000,
    describe: 'it to be missed',
  });
  await ground.startApi();
  expect(await cli.ended, cli.stderr()).toBe(0);
  expect(cli.stderr()).toContain('The API is back.');
}, 120_000);

test('Ctrl-C leaves the job running and says how to come back to it', async () => {
  const { file } = await ground.list(50);
  await ground.fault({ kind: 'delay', ms: 1_000 }, 'status');
  const cli = startCli(['check', file, ...said, '--wait'], { url: ground.url, key });
  await waitFor(() => jobIdShape.test(cli.stdout().trim()), {
    timeoutMs: 60_000,
    describe: 'the job',
  });
  cli.signal('SIGINT');
  expect(await cli.ended).toBe(130);
  const id = cli.stdout().trim();
  for (const verb of [`job ${id} --watch`, `pause ${id}`, `cancel ${id}`]) {
    expect(cli.stderr()).toContain(`rollcall ${verb}`);
  }
  expect(cli.stderr()).not.toContain('    at ');
  const watched = await rollcall('job', id, '--watch', '--json');
  expect(watched.code).toBe(0);
  const last = watched.out
    .trim()
    .split('\n')
    .map((row) => JSON.parse(row))
    .at(-1);
  expect(last.state).toBe('completed');
});

test('a download that breaks off leaves no file', async () => {
  const { file, folder } = await ground.list(20_000);
  const { out } = await rollcall('check', file, ...said, '--account', 'webcom', '--wait');
  const broke = line.breakOnce('answer', 300_000);
  const ran = await runCli(['export', out.trim(), '--out', join(folder, 'out.csv')], {
    url: line.url,
    key,
  });
  await broke;
  expect(ran.code, ran.err).toBe(4);
  expect(await readdir(folder)).toEqual(['numbers.csv']);
}, 120_000);

test('a reader that goes away ends it quietly', async () => {
  const { file } = await ground.list(12_000);
  const { out } = await rollcall('check', file, ...said, '--account', 'webcom', '--wait');
  const cli = startCli(['results', out.trim()], { url: ground.url, key });
  await waitFor(() => cli.stdout() !== '', { timeoutMs: 60_000, describe: 'results' });
  cli.stopReading();
  expect([await cli.ended, cli.stderr()]).toEqual([141, '']);
}, 120_000);
