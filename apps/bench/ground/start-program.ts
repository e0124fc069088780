import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nodeFlags } from '@rollcall/config';

/** A program of the product, run as it is in production. It ends with us, however we end. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Most memory that it had resident until now, in MB; null where the system does not tell. */
  peakRss_mb(): Promise<number | null>;
  /** SIGTERM, and its end awaited. May be called again. */
  stop(): Promise<void>;
}

const repository = join(import.meta.dirname, '../../..');
/** Of what it says, so much is told when it does not come up. */
const lastWords = 20;

/** Starts `apps/<app>/main.ts` and waits for a line of its log of which `isReady` makes something. */
export async function startProgram<Ready>(
  {
    name,
    app,
    environment,
    flags = [],
  }: {
    readonly name: string;
    readonly app: 'api' | 'worker';
    /** All that it gets of an environment. */
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly flags?: readonly string[];
  },
  isReady: (line: Readonly<Record<string, unknown>>) => Ready | undefined,
): Promise<{ readonly program: Program; readonly ready: Ready }> {
  const child = spawn(
    process.execPath,
    [...nodeFlags, join(repository, 'apps', app, 'main.ts'), '--until-stdin-ends', ...flags],
    { cwd: '/', env: environment, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  child.stdin.on('error', () => undefined);
  const exited = once(child, 'exit');
  const isUp = Promise.withResolvers<Ready>();
  const words: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      words.push(line);
      if (words.length > lastWords) words.shift();
      const ready = isReady(fieldsOf(line));
      if (ready !== undefined) isUp.resolve(ready);
    });
  }
  void exited.then(([code, signal]) =>
    isUp.reject(new Error(`The ${name} ended (${signal ?? code}):\n${words.join('\n')}`)),
  );
  const ready = await isUp.promise;
  const pid = child.pid ?? 0;
  return {
    ready,
    program: {
      name,
      pid,
      peakRss_mb: () => peakRss_mb(pid),
      async stop() {
        child.kill('SIGTERM');
        await exited;
      },
    },
  };
}

/** Linux keeps the mark; elsewhere there is none. https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
export async function peakRss_mb(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? null : Math.ceil(Number(kib) / 1_024);
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  if (!line.startsWith('{')) return {};
  try {
    return { ...(JSON.parse(line) as object) };
  } catch {
    return {};
  }
}
