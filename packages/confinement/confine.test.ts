import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import inspector from 'node:inspector';
import { open, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { waitFor } from '@rollcall/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ConfinedEnd, confine } from './confine.ts';
import { memoryMax_bytes } from './limits.ts';
import { prepareProgram } from './program-snapshot.ts';

const program = join(import.meta.dirname, 'fixtures/program.ts');
const ample = { processorTime_ms: 60_000 };

async function runWhole(
  request: string,
  { files = [] as readonly number[], processorTime_ms = ample.processorTime_ms } = {},
): Promise<{ readonly said: readonly string[]; readonly end: ConfinedEnd }> {
  const messages = confine(program, files).run(request, { processorTime_ms });
  const said: string[] = [];
  for (;;) {
    const step = await messages.next();
    if (step.done === true) return { said, end: step.value };
    said.push(step.value.toString());
  }
}

/** What a process may start from (`start` of confine.ts): each wall stands either way. */
describe.each(['text', 'a snapshot'])('started from %s', (from) => {
  beforeAll(async () => {
    if (from === 'text') return;
    const path = join(tmpdir(), 'snapshot');
    const file = await open(path, 'wx+');
    await rm(path);
    await prepareProgram(program, file);
  });

  test('a program has the files that it is given, and nothing else: no environment, no files, no network, no processes', async () => {
    const { said, end } = await runWhole('attempt');
    expect(end).toMatchObject({ kind: 'ended' });
    const denied = /Access to this API has been restricted/;
    const absent = /is not for a confined program/;
    const outcomes = Object.fromEntries(
      said.map((line) => line.split(/: (.*)/s) as [string, string]),
    );
    expect(outcomes).toEqual({
      environment: '{}',
      'environment of its parent': expect.stringMatching(denied),
      'a file by its path': expect.stringMatching(denied),
      'files that are open': '',
      'writing a file': expect.stringMatching(denied),
      sockets: expect.stringMatching(absent),
      'a server of names': expect.stringMatching(absent),
      processes: expect.stringMatching(absent),
      threads: expect.stringMatching(absent),
      modules: expect.stringMatching(absent),
      fetch: 'undefined',
      'built-in modules': 'undefined',
      signals: 'undefined',
      'the debugger of its parent': 'undefined',
      'what is left of process':
        '_events,_eventsCount,_exiting,_fatalException,_maxListeners,_tickCallback,abort,argv0,cwd,domain,emitWarning,env,exit,exitCode,features,nextTick,permission,platform,ppid,reallyExit,version,versions',
      globals: expect.any(String),
      'code for another machine': 'undefined',
      'code from text': 'Code generation from strings disallowed for this context',
    });
    const language: string[] = runInNewContext('Object.getOwnPropertyNames(globalThis)');
    const left = (outcomes['globals'] ?? '').split(',').filter((name) => !language.includes(name));
    expect(new Set(left)).toEqual(
      new Set([
        ...['Buffer', 'process', 'setImmediate', 'setInterval', 'setTimeout'],
        ...['clearImmediate', 'clearInterval', 'clearTimeout'],
      ]),
    );
    // Ours would be open by now.
    expect(inspector.url()).toBeUndefined();
  });

  test('it reads the file of its descriptor, and says a lot at any pace', async () => {
    const path = join(tmpdir(), 'given');
    await writeFile(path, 'what a stranger sent');
    await using file = await open(path);
    const { said } = await runWhole('read', { files: [file.fd] });
    expect(said).toEqual(['what a stranger sent']);
    const { said: much, end } = await runWhole('talk');
    expect(much).toEqual(
      Array.from({ length: 300 }, (_, n) => `message ${n} ${'x'.repeat(n * 100)}`),
    );
    expect(end.kind).toBe('ended');
    await rm(path);
  });

  test.each([
    ['heap', 'fillHeap'],
    ['memory outside of the heap', 'fillBuffers'],
  ])('one that fills its %s is ended within 256 MiB', async (_, request) => {
    const { end } = await runWhole(request);
    expect(end).toMatchObject({ kind: 'exceeded', what: 'memory' });
    expect(end.usage.peak_bytes).toBeLessThanOrEqual(memoryMax_bytes);
  });

  test('where nobody looks, its heap ends by itself, and that is told from other deaths', async () => {
    const unwatched = confine(program, [], Number.MAX_SAFE_INTEGER).run('fillHeap', ample);
    const { value: end } = await unwatched.next();
    expect(end).toMatchObject({ kind: 'exceeded', what: 'memory' });
    expect((end as ConfinedEnd).usage.peak_bytes).toBeLessThanOrEqual(memoryMax_bytes);
  });

  test('one that computes without end, and one that does nothing without end, are ended', async () => {
    const spun = await runWhole('spin', { processorTime_ms: 300 });
    expect(spun).toMatchObject({ said: ['spinning'], end: { kind: 'exceeded', what: 'time' } });
    // Ten times as long as it may compute.
    const slept = await runWhole('sleep', { processorTime_ms: 300 });
    expect(slept).toMatchObject({ said: ['asleep'], end: { kind: 'exceeded', what: 'time' } });
  });

  test('one that computes while nobody takes what it says is ended by its processor time alone', async (context) => {
    context.skip(process.platform !== 'linux', 'only Linux tells');
    const before = await children();
    const messages = confine(program, []).run('spin', { processorTime_ms: 300 });
    expect(await messages.next()).toMatchObject({ value: Buffer.from('spinning') });
    const [child = ''] = (await children()).filter((pid) => !before.includes(pid));
    expect(await isAlive(child)).toBe(true);
    const isGone = async () => !(await isAlive(child));
    await waitFor(isGone, { describe: 'the confined process to be ended' });
    const { value: end } = await messages.next();
    expect(end).toMatchObject({ kind: 'exceeded', what: 'time' });
  });

  test('how it dies is told, and what it throws is thrown with its code', async () => {
    expect((await runWhole('abort')).end).toMatchObject({ kind: 'died', how: 'SIGABRT' });
    expect((await runWhole('fail')).end).toMatchObject({
      kind: 'failed',
      error: { message: 'no room', code: 'ENOSPC' },
    });
  });

  test.each([
    ['a frame of nothing', 'frameOfNothing'],
    ['a frame of gigabytes', 'frameOfGigabytes'],
    ['a frame of a kind that there is not', 'frameOfAnotherKind'],
    ['a failure that is no JSON', 'failureWithoutWords'],
  ])('one that says %s is not itself any more, and is ended', async (_, request) => {
    const { end } = await runWhole(request);
    expect(end).toMatchObject({ kind: 'died', how: 'not itself' });
  });

  test('one that is left, or never asked anything, leaves no process and no descriptor', async () => {
    const before = await descriptors();
    const messages = confine(program, []).run('spin', ample);
    expect(await messages.next()).toMatchObject({ value: Buffer.from('spinning') });
    await messages.return(undefined as never);
    await confine(program, []).close();
    expect(await descriptors()).toBe(before);
  });

  test('it has a network of its own, in which there is nothing', async (context) => {
    context.skip(!works('unshare', '--map-root-user', '--net', 'true'), 'no such right here');
    await using started = await startElsewhere(from);
    const networkOf = (pid: string) => readlink(`/proc/${pid}/ns/net`);
    expect(await networkOf(started.child)).not.toBe(await networkOf('self'));
  });

  test('should nobody look, the kernel holds it: no core dump, and ends of processor time, data and what it writes', async (context) => {
    context.skip(process.platform !== 'linux', 'only Linux tells');
    await using started = await startElsewhere(from);
    const told = await readFile(`/proc/${started.child}/limits`, 'utf8');
    // Soft and hard, in bytes and seconds; a machine may have lower ones of its own.
    for (const [what, most] of [
      ['core file size', 0],
      ['cpu time', 600],
      ['data size', 1_073_741_824],
      ['file size', 2_415_919_104],
    ] as const) {
      const [, soft, hard] = new RegExp(`^Max ${what} +(\\S+) +(\\S+)`, 'm').exec(told) ?? [];
      expect(Number(soft), what).toBeLessThanOrEqual(most);
      expect(Number(hard), what).toBeLessThanOrEqual(most);
    }
  });

  test('when who started it is killed, it is gone at once, however busy it is', async (context) => {
    // Elsewhere one that waits ends at the end of its pipes, and one that computes when its processor time is over.
    context.skip(!works('setpriv', '--pdeathsig', 'KILL', 'true'), 'no such call here');
    await using started = await startElsewhere(from);
    expect(await isAlive(started.child)).toBe(true);
    started.parent.kill('SIGKILL');
    await once(started.parent, 'exit');
    const isGone = async () => !(await isAlive(started.child));
    await waitFor(isGone, { describe: 'the confined process to go' });
  });
});

/** Whether this machine lets us run that. */
function works(file: string, ...rest: readonly string[]): boolean {
  return spawnSync(file, rest).status === 0;
}

/** A process that confines one that computes without end. */
async function startElsewhere(from: string) {
  const parent = spawn(
    process.execPath,
    [join(import.meta.dirname, 'fixtures/parent.ts'), 'spin', from],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(parent.stdout, 'data');
  const [child = ''] = await children(parent.pid);
  return {
    parent,
    child,
    async [Symbol.asyncDispose]() {
      if (parent.exitCode !== null || parent.signalCode !== null) return;
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    },
  };
}

/** What a process has started, this one by default. */
async function children(of: number | undefined = process.pid): Promise<readonly string[]> {
  const list = await readFile(`/proc/${of}/task/${of}/children`, 'utf8');
  return list.trim().split(' ');
}

/** Whether a process runs; one that nobody has asked about since its end does not. */
async function isAlive(pid: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return /^State:\s+[^ZX]/m.test(status);
}

/** How many descriptors this process holds; Linux tells, elsewhere nothing is compared. */
async function descriptors(): Promise<number> {
  return process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0;
}
