import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RunningCli {
  stdout(): string;
  stderr(): string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  signal(signal: NodeJS.Signals): void;
}

export interface CliEnvironment {
  readonly url: string;
  readonly key?: string;
  readonly cwd?: string;
}

const main = join(import.meta.dirname, '../main.ts');

/** Starts the command line as a shell does, its outputs being pipes. */
export function startCli(
  words: readonly string[],
  { url, key, cwd = tmpdir() }: CliEnvironment,
  input?: string,
): RunningCli {
  const child = spawn(process.execPath, [main, ...words], {
    cwd,
    env: {
      ROLLCALL_URL: url,
      ...(key !== undefined && { ROLLCALL_API_KEY: key }),
      TMPDIR: tmpdir(),
    },
    stdio: 'pipe',
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  }
  // It may end before it has read what we give it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return {
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    ended: once(child, 'close').then(([code, signal]) => code ?? signal),
    signal: (signal) => void child.kill(signal),
  };
}

/** Runs it to its end. */
export async function runCli(
  words: readonly string[],
  environment: CliEnvironment,
  input?: string,
): Promise<{ readonly code: number | string; readonly out: string; readonly err: string }> {
  const cli = startCli(words, environment, input);
  const code = await cli.ended;
  return { code, out: cli.stdout(), err: cli.stderr() };
}
