import { setTimeout as delay } from 'node:timers/promises';
import { type StormWorker, startWorker, type WorkerSettings } from './start-worker.ts';

/** A place for a worker, which is started again whenever it has died, as a supervisor would. */
export interface WorkerSlot {
  readonly role: string;
  /** The first life is up. */
  readonly up: Promise<void>;
  /** Deaths by SIGKILL: at an armed crash point, or by `kill`. */
  readonly deaths: () => Deaths;
  /** False: nobody was there to kill. */
  kill(down_ms: number): boolean;
  /** Stops the process; what is returned wakes the same one. Null: nobody was there to stop. */
  pause(): (() => void) | null;
  /** Ends the process now and starts one that is armed for `crashAt`; resolves when it is up. */
  rearm(crashAt: string): Promise<void>;
  /** The crash point at which the process has stopped itself, until `wake`. */
  asleepAt(): string | null;
  wake(): void;
  /** No more of `lives`: whoever is armed dies now, and what comes after is not armed. Resolves when an unarmed worker is up. */
  calm(): Promise<void>;
  /** Ends for good: SIGTERM, then SIGKILL after `patience_ms`. */
  stop(patience_ms: number): Promise<void>;
}

export interface Deaths {
  readonly atPoints: number;
  readonly byUs: number;
  /** The crash point of each death at one. */
  readonly points: readonly string[];
}

export interface SlotSettings {
  readonly role: string;
  /** As `startWorker` takes it. */
  readonly program: string;
  /** The crash point of each life, one after the other; those after them have none. */
  readonly lives: readonly string[];
  readonly environment: (crashAt: string | null) => WorkerSettings['environment'];
  readonly onLine: (line: string) => void;
  readonly onDeath: (how: string, crashAt: string | null) => void;
}

const restart_ms = 200;

export function openWorkerSlot(settings: SlotSettings): WorkerSlot {
  let life = 0;
  let calmed = false;
  const stopped = new AbortController();
  let downFor_ms = restart_ms;
  let killedByUs = false;
  let atPoints = 0;
  let byUs = 0;
  const points: string[] = [];
  let worker: StormWorker;
  let crashAt: string | null = null;
  let nextCrashAt: string | null = null;
  let isUp = Promise.withResolvers<void>();
  const firstUp = isUp.promise;

  async function live(): Promise<void> {
    while (!stopped.signal.aborted) {
      crashAt = nextCrashAt ?? (calmed ? null : (settings.lives[life] ?? null));
      nextCrashAt = null;
      life += 1;
      downFor_ms = restart_ms;
      killedByUs = false;
      worker = startWorker({
        program: settings.program,
        flags: ['--until-stdin-ends'],
        environment: settings.environment(crashAt),
        onLine: settings.onLine,
      });
      void worker.up.then((up) => {
        if (up) isUp.resolve();
      });
      const how = await worker.ended;
      if (stopped.signal.aborted) return;
      if (how === 'SIGKILL' && killedByUs) byUs += 1;
      else if (how === 'SIGKILL') {
        atPoints += 1;
        points.push(crashAt?.split('#')[0] ?? 'unarmed');
      }
      settings.onDeath(killedByUs ? 'us' : how, crashAt);
      isUp.resolve();
      isUp = Promise.withResolvers();
      await delay(calmed ? 0 : downFor_ms);
    }
  }
  const living = live();

  return {
    role: settings.role,
    up: firstUp,
    deaths: () => ({ atPoints, byUs, points }),
    kill(down_ms) {
      if (worker.hasEnded()) return false;
      downFor_ms = down_ms;
      killedByUs = true;
      worker.kill();
      return true;
    },
    pause() {
      const paused = worker;
      if (paused.hasEnded()) return null;
      paused.pause();
      return () => paused.resume();
    },
    async rearm(to) {
      nextCrashAt = to;
      killedByUs = true;
      const before = worker;
      before.kill();
      for (;;) {
        const now = worker;
        if (now !== before && (await now.up)) return;
        await delay(50);
      }
    },
    asleepAt: () => worker.asleepAt(),
    wake: () => worker.resume(),
    async calm() {
      calmed = true;
      worker.resume();
      if (crashAt !== null) {
        const next = isUp;
        killedByUs = true;
        worker.kill();
        await next.promise;
      }
      for (;;) {
        if (await worker.up) return;
        await delay(100);
      }
    },
    async stop(patience_ms) {
      stopped.abort();
      const late = setTimeout(() => worker.kill(), patience_ms);
      await worker.stop();
      clearTimeout(late);
      await living;
    },
  };
}
