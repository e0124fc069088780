import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { runProgram } from '../run-program.ts';

export interface CliEnvironment {
  readonly url: string;
  readonly key?: string;
}

/** Runs a command line in this process, its outputs being pipes. What it does it does over HTTP, as ever. */
export async function runCli(
  words: readonly string[],
  { url, key }: CliEnvironment,
  input = '',
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const texts = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof texts) => {
    const pipe = new PassThrough();
    pipe.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
    return pipe;
  };
  const code = await runProgram(words, {
    stdin: Readable.from([Buffer.from(input)]),
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    signal: new AbortController().signal,
    environment: { ROLLCALL_URL: url, ROLLCALL_API_KEY: key },
  });
  return { code, out: texts.stdout, err: texts.stderr };
}

export interface RunningCli {
  stdout(): string;
  stderr(): string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  signal(signal: NodeJS.Signals): void;
  /** Stops reading its standard output, as `head` does. */
  stopReading(): void;
}

/** Starts it as a process, as a shell does. */
export function startCli(words: readonly string[], { url, key }: CliEnvironment): RunningCli {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), ...words], {
    cwd: tmpdir(),
    env: {
      ROLLCALL_URL: url,
      ...(key !== undefined && { ROLLCALL_API_KEY: key }),
      TMPDIR: tmpdir(),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  }
  return {
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    ended: once(child, 'close').then(([code, signal]) => code ?? signal),
    signal: (signal) => void child.kill(signal),
    stopReading: () => void child.stdout.destroy(),
  };
}
