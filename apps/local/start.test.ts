// Over 300 lines: each test starts everything and ends it, by the same few functions.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '@rollcall/db';
import { testBackends, waitFor } from '@rollcall/testing';
import { expect, onTestFinished, test } from 'vitest';
import { type Program, processesIn, runProgram } from './testing/run-program.ts';
import { takePort } from './testing/take-port.ts';

const limit_ms = 180_000;
/** P13, and a little for the machine. */
const stopLimit_ms = 30_000;

test('start serves, says how to use it, keeps its data over a restart, and runs once on a folder', {
  timeout: limit_ms,
}, async () => {
  const folder = await dataFolder();
  await takePort(8080);
  const first = await startOn(folder);
  const shell = await promisify(execFile)('/bin/sh', ['-c', pasted(first)]);
  const jobId = /job_[0-9a-f-]{36}/.exec(shell.stdout)?.[0] ?? '';
  expect(jobId, shell.stdout + shell.stderr).not.toBe('');
  const job = await completed(first, jobId);
  expect(job).toMatchObject({ counts: { lines: 3, accepted: 3, answered: 3 } });
  expect(await statusesOf(first, ['/docs', '/readyz', '/admin/queues'])).toEqual([200, 200, 200]);

  await followReadme(first, folder, jobId);
  await auditWith(first);

  const second = runProgram('start', ['--data', folder]);
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain(`Rollcall already runs on ${folder} (process ${first.pid})`);

  const told_ms = performance.now();
  first.signal('SIGINT');
  expect(await first.ended, first.output()).toBe(0);
  expect(performance.now() - told_ms).toBeLessThan(stopLimit_ms);
  await expectNothingRuns(folder);

  const again = await startOn(folder);
  expect(await completed(again, jobId)).toEqual(job);
  expect(await (await get(again, '/v1/key')).json()).toMatchObject({ name: 'start' });
  expect((await get(again, '/v1/key', keyOf(first))).status).toBe(401);
  expect(simulatorOf(again)).toBe(simulatorOf(first));
  expect(sqlOf(again)).toBe(sqlOf(first));
  again.signal('SIGKILL');
  await again.ended;
  const third = await startOn(folder);
  expect(await completed(third, jobId)).toEqual(job);
  third.signal('SIGTERM');
  expect(await third.ended, third.output()).toBe(0);
  await expectNothingRuns(folder);
});

test('an npx that is killed takes everything with it, in order', {
  timeout: limit_ms,
}, async () => {
  const folder = await dataFolder();
  const logPath = join(folder, '../output');
  const launch = `require('node:child_process').spawn('/bin/sh', ['-c', process.argv[2]], { stdio: 'inherit' })`;
  const start = `${process.execPath} ${join(import.meta.dirname, 'start.ts')} --data ${folder} --port 0 >${logPath} 2>&1; true`;
  // As npx does it: two launchers, each with a shell of its own, of which the outer one is ended.
  const pnpm = `${process.execPath} -e "$LAUNCH" pnpm "$START"; true`;
  const npx = spawn(process.execPath, ['-e', launch, 'npx', pnpm], {
    cwd: '/',
    env: { TMPDIR: tmpdir(), HOME: tmpdir(), PATH: '/usr/bin:/bin', LAUNCH: launch, START: start },
    stdio: 'ignore',
  });
  onTestFinished(() => void npx.kill('SIGKILL'));
  const output = () => readFile(logPath, 'utf8').catch(() => '');
  await waitFor(async () => (await output()).includes('/results -H'), {
    timeoutMs: 90_000,
    describe: 'start to be up',
  });
  npx.kill('SIGTERM');
  await expectNothingRuns(folder);
  expect(await output()).toMatch(/\nStopping: .*\nStopped\.\n$/s);
});

test.skipIf(process.platform !== 'linux')(
  'what is killed is started again where it was, says so, and jobs go on; an API that is told to end stops the rest, with exit code 1',
  {
    timeout: limit_ms,
  },
  async () => {
    const folder = await dataFolder();
    const redis = testBackends.includes('redis') ? ['--redis'] : [];
    const program = await startOn(folder, '--port', '0', ...redis);
    const victims = {
      'Postgres server': '/bin/postgres -D',
      ...(redis.length > 0 && { 'Redis server': '/redis.conf' }),
      simulator: 'apps/simulator/main.ts',
      worker: 'apps/worker/main.ts',
      api: 'apps/api/main.ts',
    };
    for (const of of Object.values(victims)) process.kill(await pidOf(folder, of), 'SIGKILL');
    for (const name of Object.keys(victims)) {
      await waitFor(() => program.output().includes(`The ${name} is up again.`), {
        timeoutMs: 60_000,
        describe: `the ${name} to be up again; said was ${program.output()}`,
      });
      expect(program.output()).toContain(`The ${name} ended by itself (SIGKILL); again in 1 s.`);
    }
    const shell = await promisify(execFile)('/bin/sh', ['-c', pasted(program)]);
    await completed(program, /job_[0-9a-f-]{36}/.exec(shell.stdout)?.[0] ?? '');

    process.kill(await pidOf(folder, 'apps/api/main.ts'), 'SIGTERM');
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain('The api ended by itself (code 0), so everything stops.');
    await expectNothingRuns(folder);
  },
);

test.skipIf(!testBackends.includes('redis'))(
  'with --redis the doorbells are on Redis, and a job gets its rows',
  { timeout: limit_ms },
  async () => {
    const folder = await dataFolder();
    const program = await startOn(folder, '--redis');
    expect(program.output()).toMatch(/queue +on (redis|valkey) \d/);
    const ready = await (await get(program, '/readyz')).json();
    expect(ready).toMatchObject({ status: 'ready', queue: { ok: true, backend: 'redis' } });
    const shell = await promisify(execFile)('/bin/sh', ['-c', pasted(program)]);
    await completed(program, /job_[0-9a-f-]{36}/.exec(shell.stdout)?.[0] ?? '');
    program.signal('SIGTERM');
    expect(await program.ended, program.output()).toBe(0);
    await expectNothingRuns(folder);
  },
);

test('accounts of real providers are taken from a file, and absent keys are named', {
  timeout: limit_ms,
}, async () => {
  const folder = await dataFolder();
  const accounts = join(import.meta.dirname, '../../packages/config/accounts.yaml');
  const program = runProgram('start', ['--data', folder, '--port', '0', '--accounts', accounts]);
  expect(await program.ended).toBe(1);
  expect(program.output()).toContain('The worker ended at its start (code 78)');
  expect(program.output()).toContain('WEBCOM_TOKEN is not set');
  await expectNothingRuns(folder);
});

test('an accounts file that is not there is what is said, and nothing of ports', {
  timeout: limit_ms,
}, async () => {
  const folder = await dataFolder();
  await takePort(8080);
  const program = runProgram('start', ['--data', folder, '--accounts', '/missing.yaml']);
  expect(await program.ended).toBe(1);
  expect(program.output().trim()).toBe(
    '--accounts: /missing.yaml cannot be read: there is no such file',
  );
});

test('a port that was asked for and is taken is an error', { timeout: limit_ms }, async () => {
  const folder = await dataFolder();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const program = runProgram('start', ['--data', folder, '--port', String(port)]);
  expect(await program.ended).toBe(1);
  expect(program.output()).toContain(`Nothing can listen on port ${port} of 127.0.0.1`);
  await expectNothingRuns(folder);
});

async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'start-'));
  // Postgres runs as another account when we are root, and has to get here.
  await chmod(folder, 0o711);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'data');
}

async function startOn(folder: string, ...args: string[]): Promise<Program> {
  const program = runProgram('start', ['--data', folder, ...args]);
  const isUp = () => program.output().includes('/results -H');
  await Promise.race([
    waitFor(isUp, { timeoutMs: 90_000, describe: 'start to be up' }),
    program.ended.then((code) => Promise.reject(new Error(`ended (${code}): ${program.output()}`))),
  ]);
  return program;
}

/** Of the first process in a folder whose command line says so; of a server behind a supervisor that of the server, its first child. */
async function pidOf(folder: string, command: string): Promise<number> {
  const found = (await processesIn(folder)).find((each) => each.command.includes(command));
  if (!found) throw new Error(`no ${command} runs in ${folder}`);
  if (!found.command.startsWith('/bin/sh')) return found.pid;
  const children = await readFile(`/proc/${found.pid}/task/${found.pid}/children`, 'utf8');
  return Number(children.split(' ')[0]);
}

/** The lines that it tells a person to paste, up to the one that shows the job's id. */
function pasted(program: Program): string {
  const lines = program.output().split('\n');
  const from = lines.findIndex((line) => line.includes('export ROLLCALL_URL='));
  const to = lines.findIndex((line) => line.includes('echo $JOB'));
  const commands = lines.slice(from, to + 1).filter((line) => !line.endsWith(':'));
  return `${commands.join('\n')}\n`;
}

/** Runs the README's lines as they stand: those for a shell, and the SQL with a real job in it. */
async function followReadme(program: Program, folder: string, jobId: string): Promise<void> {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const section = readme.split('\n## ').find((each) => each.startsWith('Enqueue')) ?? '';
  const blocksOf = (language: string) =>
    [...section.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))]
      .map(([, lines]) => lines)
      .join('');

  const rollcall = `'${join(import.meta.dirname, '../cli/rollcall')}'`;
  const lines = blocksOf('sh')
    .replaceAll('curl -sS', 'curl -sS --fail-with-body')
    // pnpm finds the program in the checkout only, and these lines write files where they run.
    .replaceAll(/npx --yes pnpm@\S+ --silent rollcall/g, rollcall);
  const environment = pasted(program).split('\n')[0];
  const script = `set -e\n${environment}\ncd '${folder}'\n${lines}`;
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script]);
  expect(stdout).toMatch(/^Ada;\+447911123456;.*"accepted":2.*"data":\[/ms);

  const database = openDatabase({
    url: sqlOf(program),
    maxConnections: 1,
    applicationName: 'rollcall test',
    onIdleError: () => undefined,
  });
  const queries = blocksOf('sql')
    .replaceAll('job_…', jobId)
    .split(';')
    .map((each) => each.trim());
  const answers: number[] = [];
  for (const query of queries.filter(Boolean)) {
    answers.push((await database.query(query)).rows.length);
  }
  for (const refused of [
    'SELECT * FROM store.api_keys',
    'DELETE FROM store.results',
    'UPDATE store.jobs SET name = NULL',
    'CREATE TABLE public.mine (n integer)',
    'CREATE VIEW rollcall.mine AS SELECT 1',
  ]) {
    await expect(database.query(refused), refused).rejects.toMatchObject({ code: '42501' });
  }
  await database.query('CREATE TEMP TABLE my_list (number text)');
  await database.close();
  expect(answers).toHaveLength(4);
  expect(answers[0]).toBeGreaterThan(0);
  expect(answers[3]).toBe(1);
}

async function auditWith(program: Program): Promise<void> {
  const line = pasted(program)
    .split('\n')
    .find((each) => each.includes('export DATABASE_URL='));
  const verify = join(import.meta.dirname, '../api/verify-audit.ts');
  const script = `${line}\n'${process.execPath}' '${verify}'`;
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script]);
  expect(stdout).toContain('The audit trail holds');
}

const firstMatch = (program: Program, shape: RegExp) => shape.exec(program.output())?.[1] ?? '';
const keyOf = (program: Program) => firstMatch(program, / ROLLCALL_KEY=(\S+)/);
const sqlOf = (program: Program) => firstMatch(program, /export ROLLCALL_SQL='(postgres:\S+)'/);
const simulatorOf = (program: Program) => firstMatch(program, /(http:\S+)\/_sim\/ledger/);

function get(program: Program, path: string, key = keyOf(program)): Promise<Response> {
  const api = firstMatch(program, /API +(http:\S+)\/v1\/jobs/);
  return fetch(api + path, { headers: { authorization: `Bearer ${key}` } });
}

async function statusesOf(program: Program, paths: readonly string[]): Promise<number[]> {
  return Promise.all(paths.map(async (path) => (await get(program, path)).status));
}

async function completed(program: Program, jobId: string): Promise<Record<string, unknown>> {
  return waitFor(
    async () => {
      const job = (await (await get(program, `/v1/jobs/${jobId}`)).json()) as Record<
        string,
        unknown
      >;
      return job['state'] === 'completed' ? job : null;
    },
    { timeoutMs: 60_000, everyMs: 100, describe: 'the job to be completed' },
  );
}

async function expectNothingRuns(folder: string): Promise<void> {
  if (process.platform !== 'linux') return;
  await waitFor(async () => (await processesIn(folder)).length === 0, {
    timeoutMs: stopLimit_ms,
    describe: 'processes to end',
  });
  await expect(readFile(join(folder, 'running.json'))).rejects.toThrow('ENOENT');
}
