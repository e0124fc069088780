import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitFor } from '../../packages/testing/index.ts';

const root = join(import.meta.dirname, '../..');

/** One of our programs with everything that it said, on both of its outputs. */
export interface RunningProcess {
  /** What it wrote so far, both outputs in one. */
  said(): string;
  /** The port that it listens at. */
  port(): Promise<number>;
  stop(): Promise<void>;
}

export function startProcess(
  name: 'api' | 'worker',
  environment: Readonly<Record<string, string>>,
): RunningProcess {
  const child: ChildProcess = spawn(process.execPath, [join(root, `apps/${name}/main.ts`)], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let said = '';
  for (const output of [child.stdout, child.stderr])
    output?.setEncoding('utf8').on('data', (text: string) => (said += text));
  return {
    said: () => said,
    async port() {
      const found = await waitFor(
        () =>
          /"event":"http.listening"[^\n]*"port":(\d+)/.exec(said)?.[1] ??
          (child.exitCode === null ? null : 'ended'),
        { timeoutMs: 100_000, describe: `the ${name} to listen` },
      );
      if (found === 'ended') throw new Error(`the ${name} ended: ${said}`);
      return Number(found);
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}
