import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A worker process of the storm. It ends with us, however we end. */
export interface StormWorker {
  /** Resolves once it works: true; false where it ended before. */
  readonly up: Promise<boolean>;
  /** Resolves with how it ended, `SIGKILL` or `code 1`. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** The crash point at which it has stopped itself, until it is woken by `resume`; null: it runs, or was stopped from outside. */
  asleepAt(): string | null;
  kill(): void;
  pause(): void;
  resume(): void;
  /** SIGTERM, and its end awaited. */
  stop(): Promise<string>;
}

export interface WorkerSettings {
  /** A built one, or any other that Node runs: an absolute path. */
  readonly program: string;
  readonly flags: readonly string[];
  /** All that it gets of an environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onLine: (line: string) => void;
}

const living = new Set<ChildProcess>();

/** Ends every worker, where the storm itself must end at once. */
export function killWorkers(): void {
  for (const child of living) child.kill('SIGKILL');
}

export function startWorker({ program, flags, environment, onLine }: WorkerSettings): StormWorker {
  const child: ChildProcess = spawn(process.execPath, [program, ...flags], {
    cwd: '/',
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  living.add(child);
  child.stdin?.on('error', () => undefined);
  let over = false;
  let asleepAt: string | null = null;
  const ended = once(child, 'exit').then(([code, signal]) => {
    over = true;
    living.delete(child);
    return (signal as string | null) ?? `code ${code}`;
  });
  const isUp = Promise.withResolvers<boolean>();
  void ended.then(() => isUp.resolve(false));
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface(stream).on('line', (line) => {
      onLine(line);
      asleepAt = /^stopped at (\S+)$/.exec(line)?.[1] ?? asleepAt;
      if (line.includes('"worker.started"')) isUp.resolve(true);
    });
  }
  const send = (signal: NodeJS.Signals) => {
    if (!over) child.kill(signal);
  };
  return {
    up: isUp.promise,
    ended,
    hasEnded: () => over,
    asleepAt: () => asleepAt,
    kill: () => send('SIGKILL'),
    pause: () => send('SIGSTOP'),
    resume() {
      asleepAt = null;
      send('SIGCONT');
    },
    stop() {
      send('SIGCONT');
      send('SIGTERM');
      return ended;
    },
  };
}
