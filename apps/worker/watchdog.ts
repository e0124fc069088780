import { dueWork, type DueWork, lookAfresh } from '@rollcall/db';
import type { Consumer, Queues, Stage } from '@rollcall/queue';

/** What a worker hears in one of its queues, kept by the shell and looked at by the watchdog. */
export interface Watched {
  readonly stage: Stage;
  /** For `submit`, which has a queue for each account. */
  readonly account: string | null;
  readonly consumer: Pick<Consumer, 'queue' | 'waiting'>;
  /** When the last doorbell was heard or answered, by `performance.now()`. */
  heardAt_ms(): number;
  /** Since when each doorbell that is being answered now has been. */
  atWorkSince_ms(): readonly number[];
}

/** One look at one queue. */
export interface QueueLook {
  readonly queue: string;
  readonly stage: Stage;
  readonly heardAt_ms: number;
  /** Doorbells that are being answered, and not for so long that they must be taken for hanging. */
  readonly atWork: number;
  /** Doorbells that nobody has taken. */
  readonly waiting: number;
  /** Work of this queue is due in Postgres. */
  readonly due: boolean;
}

/** Everything that one look found; `reachable` is false where Postgres or the queue did not answer. */
export interface Look {
  readonly now_ms: number;
  readonly reachable: boolean;
  /** When a sweep last ended with an answer of Postgres, be it an error. */
  readonly sweptAt_ms: number;
  readonly queues: readonly QueueLook[];
}

/** Since when, by `performance.now()`, each thing that is looked at has been suspect without a break. */
export type Suspicions = ReadonlyMap<string, number>;

export type Verdict =
  | { readonly kind: 'alive'; readonly suspicions: Suspicions }
  | { readonly kind: 'stuck'; readonly reason: 'hears_nothing'; readonly queue: QueueLook }
  | { readonly kind: 'stuck'; readonly reason: 'sweeps_hang' };

const sweeps = 'sweeps';

/**
 * Whether this process is alive and processes nothing. A queue is suspect while work of its own is due in Postgres, doorbells for
 * it wait, and this process neither hears nor answers one; the sweeps are, while none ends. Another process may be slow, an
 * account paused or paced, a server away: none of that lets a doorbell wait before somebody who listens, so none of it is suspect.
 * Stuck is what was suspect at every look for `patience_ms`.
 */
export function judge(look: Look, before: Suspicions, patience_ms: number): Verdict {
  const suspicions = new Map<string, number>();
  if (!look.reachable) return { kind: 'alive', suspicions };
  if (look.now_ms - look.sweptAt_ms >= patience_ms / 3) {
    const earlier_ms = before.get(sweeps);
    const since_ms =
      earlier_ms === undefined || look.sweptAt_ms > earlier_ms ? look.now_ms : earlier_ms;
    if (look.now_ms - since_ms >= patience_ms) return { kind: 'stuck', reason: 'sweeps_hang' };
    suspicions.set(sweeps, since_ms);
  }
  for (const queue of look.queues) {
    if (!queue.due || queue.waiting === 0 || queue.atWork > 0) continue;
    const earlier_ms = before.get(queue.queue);
    const since_ms =
      earlier_ms === undefined || queue.heardAt_ms > earlier_ms ? look.now_ms : earlier_ms;
    if (look.now_ms - since_ms >= patience_ms) {
      return { kind: 'stuck', reason: 'hears_nothing', queue };
    }
    suspicions.set(queue.queue, since_ms);
  }
  return { kind: 'alive', suspicions };
}

export interface WatchdogOptions {
  readonly databaseUrl: string;
  readonly queues: Pick<Queues, 'healthy'>;
  readonly watched: readonly Watched[];
  readonly accounts: ReadonlySet<string>;
  readonly sweptAt_ms: () => number;
  /** A doorbell that is answered for longer than this hangs. */
  readonly atWorkMax_ms: number;
  readonly patience_ms: number;
  readonly stopping: AbortSignal;
  readonly onStuck: (stuck: Extract<Verdict, { kind: 'stuck' }>) => void;
}

/** Looks six times within the patience, and tells once. Costs an idle worker a round trip to the queue each time. */
export function startWatchdog(options: WatchdogOptions): void {
  const { patience_ms, stopping } = options;
  const interval_ms = patience_ms / 6;
  let suspicions: Suspicions = new Map();
  let lookedAt_ms = performance.now();
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void takeLook(options).then((look) => {
      looking = false;
      if (stopping.aborted) return;
      // A process that was stopped or frozen itself has heard nothing for another reason.
      const wasFrozen = look.now_ms - lookedAt_ms > patience_ms / 2;
      lookedAt_ms = look.now_ms;
      const verdict = judge(look, wasFrozen ? new Map() : suspicions, patience_ms);
      if (verdict.kind === 'alive') {
        suspicions = verdict.suspicions;
        return;
      }
      clearInterval(timer);
      options.onStuck(verdict);
    });
  }, interval_ms);
  timer.unref();
  stopping.addEventListener('abort', () => clearInterval(timer), { once: true });
}

const lookDeadline_ms = 2_000;

async function takeLook(options: WatchdogOptions): Promise<Look> {
  const { watched, patience_ms, atWorkMax_ms } = options;
  const sweptAt_ms = options.sweptAt_ms();
  const [health, waiting] = await Promise.all([
    options.queues.healthy(),
    Promise.all(watched.map(({ consumer }) => consumer.waiting())),
  ]);
  const now_ms = performance.now();
  const queues = watched.map((each, index) => ({
    queue: each.consumer.queue,
    stage: each.stage,
    account: each.account,
    heardAt_ms: each.heardAt_ms(),
    atWork: each.atWorkSince_ms().filter((since_ms) => now_ms - since_ms < atWorkMax_ms).length,
    waiting: waiting[index] ?? 0,
  }));
  const looksFine =
    now_ms - sweptAt_ms < patience_ms / 3 && queues.every((each) => each.waiting === 0);
  const due = looksFine
    ? []
    : await lookAfresh(options.databaseUrl, 'rollcall_worker', lookDeadline_ms, (db) =>
        dueWork(db),
      );
  return {
    now_ms: performance.now(),
    reachable: health.ok && !waiting.includes(null) && due !== null,
    sweptAt_ms,
    queues: queues.map(({ account, ...each }) => ({
      ...each,
      due: (due ?? []).some((work) => isOf(work, each.stage, account, options.accounts)),
    })),
  };
}

function isOf(
  work: DueWork,
  stage: Stage,
  account: string | null,
  accounts: ReadonlySet<string>,
): boolean {
  if (work.stage !== stage) return false;
  if (account !== null) return work.account === account;
  return work.account === null || accounts.has(work.account);
}
