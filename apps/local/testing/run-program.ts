import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface Program {
  readonly pid: number;
  /** What it has written so far, to both of its outputs. */
  output(): string;
  readonly ended: Promise<number | string>;
  signal(signal: NodeJS.Signals): void;
}

export interface ProgramOptions {
  /** An account to run as; needs root. */
  readonly uid?: number;
  readonly home?: string;
}

/** Runs `demo.ts` or `start.ts` as the package's scripts do; it is killed where a test leaves it running. */
export function runProgram(
  name: 'demo' | 'start',
  args: readonly string[],
  { uid, home = tmpdir() }: ProgramOptions = {},
): Program {
  const child = spawn(process.execPath, [join(import.meta.dirname, `../${name}.ts`), ...args], {
    cwd: '/',
    env: { TMPDIR: tmpdir(), HOME: home, PATH: '/usr/local/bin:/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  }
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    pid: child.pid ?? 0,
    output: () => text,
    ended: closed.then(([code, signal]) => code ?? signal ?? 'unknown'),
    signal: (signal) => void child.kill(signal),
  };
}

/** Processes that were started in a folder: those that name it in their command line or environment, as "pid command". Linux only. */
export async function processesIn(folder: string): Promise<{ pid: number; command: string }[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const looked = await Promise.all(
    pids.map(async (pid) => {
      const [command, environment] = await Promise.all(
        ['cmdline', 'environ'].map((file) =>
          readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''),
        ),
      );
      return {
        pid,
        command: (command ?? '').replaceAll('\0', ' '),
        text: `${command}${environment}`,
      };
    }),
  );
  return looked
    .filter(({ text }) => text.includes(folder))
    .map(({ pid, command }) => ({ pid, command }));
}
