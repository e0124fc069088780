import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulatedAccounts } from '@rollcall/config';
import { type TestSimulator, waitFor } from '@rollcall/testing';

/** A worker as a real process. */
export interface SpawnedWorker {
  readonly process: ChildProcess;
  /** What it logged so far, parsed; a line that is no JSON comes as `{ text }`. */
  lines(): readonly Record<string, unknown>[];
  /** Waits until it is up, however busy the machine: what a test then waits for is not its start. */
  up(): Promise<void>;
  /** Whether it logged this event. */
  said(event: string): boolean;
  /** What it wrote to standard error. */
  complaint(): string;
  hasEnded(): boolean;
  /** How it ended: its exit code, or its signal; with how long that took from the call. */
  ended(): Promise<{ readonly how: number | string; readonly took_ms: number }>;
  /** Kills it where it still runs. */
  kill(): Promise<void>;
}

const program = join(import.meta.dirname, '../main.ts');

/** Writes the simulated accounts to a file of the test's temporary directory, one for each simulator; the environment names it and has the keys. */
export async function accountsEnvironment(
  simulator: TestSimulator,
  options: { readonly chunkSize?: number; readonly edit?: (text: string) => string } = {},
): Promise<Readonly<Record<string, string>>> {
  const { text, keys } = await simulatedAccounts({
    ...simulator,
    ...(options.chunkSize === undefined ? {} : { chunkSize: options.chunkSize }),
  });
  const file = join(tmpdir(), `worker-accounts-${new URL(simulator.url).port}.yaml`);
  await writeFile(file, options.edit?.(text) ?? text);
  return { ROLLCALL_ACCOUNTS_FILE: file, ...keys };
}

/** Starts a worker. `shell` runs before it in the same shell, for limits: `ulimit -f 64`. `entry` is another main.ts. */
export function spawnWorker(
  environment: Readonly<Record<string, string | undefined>>,
  options: {
    readonly flags?: readonly string[];
    readonly shell?: string;
    readonly entry?: string;
  } = {},
): SpawnedWorker {
  const command = [process.execPath, options.entry ?? program, ...(options.flags ?? [])];
  const [file = '', ...rest] =
    options.shell === undefined
      ? command
      : ['/bin/sh', '-c', `${options.shell}; exec "$@"`, 'sh', ...command];
  const worker = spawn(file, rest, {
    env: {
      TMPDIR: tmpdir(),
      ROLLCALL_RESCUE_INTERVAL_MS: '1000',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complained = '';
  worker.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  worker.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complained += text;
  });
  const hasEnded = () => worker.exitCode !== null || worker.signalCode !== null;
  const lines = () => said.split('\n').filter(Boolean).map(parsed);
  return {
    process: worker,
    lines,
    async up() {
      await waitFor(() => hasEnded() || lines().some(({ event }) => event === 'worker.started'), {
        timeoutMs: 240_000,
        describe: 'the worker to be up',
      });
      if (hasEnded()) throw new Error(`the worker ended: ${said}${complained}`);
    },
    said: (event) => lines().some((line) => line['event'] === event),
    complaint: () => complained,
    hasEnded,
    async ended() {
      const from_ms = performance.now();
      if (!hasEnded()) await once(worker, 'exit');
      return {
        how: worker.exitCode ?? String(worker.signalCode),
        took_ms: performance.now() - from_ms,
      };
    },
    async kill() {
      if (hasEnded()) return;
      worker.kill('SIGKILL');
      await once(worker, 'exit');
    },
  };
}

function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { text: line };
  }
}
