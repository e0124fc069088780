import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type BreakingLine, openBreakingLine } from './testing/breaking-line.ts';
import { type Ground, layGround } from './testing/ground.ts';
import { runCli, startCli } from './testing/run-cli.ts';

/** What the command line does when the line, the API or the person at the terminal goes away, and how it ends where a thing is lacking. */
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
  expect([0, 5], cli.stderr()).toContain(await cli.ended);
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
  expect([0, 5]).toContain(watched.code);
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

test('without a key nothing is sent, and a key that may not do the whole is refused before a list is', async () => {
  const { file, folder } = await ground.list(5);
  const before = await ground.jobCount();
  const keyless = await runCli(['jobs'], { url: 'http://127.0.0.1:1' });
  expect([keyless.code, keyless.err]).toEqual([
    2,
    expect.stringContaining(
      'No API key: set ROLLCALL_API_KEY, ROLLCALL_API_KEY_FILE, ROLLCALL_KEY or --key-file',
    ),
  ]);
  const writes = await ground.key(['jobs:write']);
  const words = ['check', file, ...said, '--out', join(folder, 'out.csv')];
  const refused = await runCli(words, { url: ground.url, key: writes });
  expect([refused.code, refused.out, await ground.jobCount()]).toEqual([2, '', before]);
  expect(refused.err).toMatch(/jobs:read.*results:read/);
});

test('a job that lacks answers ends with 5 and the command that asks again, whose answers go to a file', async () => {
  const { file, folder } = await ground.list(2_000);
  // The simulator leaves out some rows of every larger table.
  const ran = await rollcall('check', file, ...said, '--wait');
  expect(ran.code, ran.err).toBe(5);
  const id = ran.out.trim();
  expect(ran.err).toContain(`→ rollcall retry ${id} --include missing`);
  expect((await rollcall('job', id)).out).toContain(`→ rollcall retry ${id} --include missing`);

  const out = join(folder, 'latest.csv');
  const approved = ['--approve', 'a test', '--cost-ceiling', '9', '--account', 'webcom'];
  const retried = await rollcall('retry', id, ...approved, '--out', out);
  expect([0, 5], retried.err).toContain(retried.code);
  const rows = (await readFile(out, 'utf8')).trim().split('\n');
  expect(rows).toHaveLength(2_001);
  expect(rows.filter((row) => row.includes(',webcom,')).length).toBeGreaterThan(0);
}, 120_000);

test('each way to fail has its code, and says what to do', async () => {
  const { file } = await ground.list(5);
  expect((await rollcall('chekc')).code).toBe(2);
  expect((await rollcall('check', `${file}.none`, ...said)).err).toContain('there is no such file');
  const refused = await rollcall('check', file, ...said, '--default-region', 'x', '--json');
  expect([refused.code, refused.out]).toEqual([3, '']);
  expect(JSON.parse(refused.err)).toMatchObject({
    code: 'invalid_request',
    status: 422,
    exit_code: 3,
  });
  const { err } = await rollcall('check', file, ...said, '--default-region', 'x');
  expect(err).toContain('--default-region: ');
  expect(err).not.toContain('errors');
  const away = await runCli(['jobs'], { url: 'http://127.0.0.1:1', key });
  expect([away.code, away.err]).toEqual([4, expect.stringContaining('ECONNREFUSED')]);
});

test('what every list needs is asked for before one is sent', async () => {
  const { file } = await ground.list(5);
  const unsaid = await rollcall('check', file, '--check', 'telegram');
  expect([unsaid.code, unsaid.err]).toEqual([
    2,
    expect.stringMatching(/--purpose WHY and --requested-by WHO/),
  ]);
});
