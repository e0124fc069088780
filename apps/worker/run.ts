import { setTimeout as delay } from 'node:timers/promises';
import type { Configuration } from '@rollcall/config';
import { sqlStateOf } from '@rollcall/db';
import type { Consumer, DoorbellOf, Queues, Stage } from '@rollcall/queue';
import { describeError } from '@rollcall/telemetry';
import type { Counts, Equipment } from './equipment.ts';
import { expirePatiently } from './expire-patiently.ts';
import { ingestInTurn, ingestLanes } from './ingest-in-turn.ts';
import { observed } from './observed.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { submitInTurn } from './submit-in-turn.ts';
import { analyse } from './sweeps/analyse.ts';
import { erase } from './sweeps/erase.ts';
import { lookAtBalances } from './sweeps/look-at-balances.ts';
import { prune } from './sweeps/prune.ts';
import { rescue } from './sweeps/rescue.ts';
import type { Watched } from './watchdog.ts';

/** How often the sweeps look for what is due: the finest step in which anything waits. */
const tick_ms = 500;
/** How often it is looked whether the planner's statistics are behind; they are renewed at most every five minutes. */
const analyse_ms = 5_000;
/** How often it is looked whether a number is to be erased: within the 72 hours that the law and we give it, by far. */
const erase_ms = 5_000;
/** How often it is looked whether an upload ended unknown whose account was not asked for its balance since. */
const balanceLook_ms = 1_000;
/**
 * Doorbells of a stage that one process answers at once. Parsing has one thread, but a provider that drips a file for minutes
 * must not keep the others' results waiting; each ingest may hold a chunk of 1,000,000 numbers in memory. A job of 10,000,000 numbers is cut in Postgres
 * for some seconds, which must not keep a small one from being cut.
 */
const concurrency = { plan: 4, ingest: ingestLanes } as const;

export interface Running {
  /** What this process hears, a queue each; for the watchdog. */
  readonly watched: readonly Watched[];
  /** When the sweeps that run all the time last ended with an answer of Postgres, by `performance.now()`. */
  sweptAt_ms(): number;
  /**
   * After `equipment.stopping` was aborted: takes no more doorbells, lets what is in hand finish, and returns within the deadline and a few seconds.
   * `finished`: nothing in hand had to be cut short.
   */
  stop(deadline_ms: number): Promise<{ readonly finished: boolean }>;
}

/** The shell: takes doorbells and ticks, runs one stage or sweep for each, and logs what it counted. */
export function run(
  equipment: Equipment,
  queues: Queues,
  stages: Configuration['stages'],
  pruneInterval_ms: number,
): Running {
  const { log, metrics } = equipment;
  const consumers: Consumer[] = [];
  const watched: Watched[] = [];

  function listen<S extends Stage>(
    stage: S,
    account: string | null,
    atOnce: number,
    handler: (doorbell: DoorbellOf<S>, signal: AbortSignal) => Promise<Counts>,
  ): void {
    let heardAt_ms = performance.now();
    const atWork = new Map<symbol, number>();
    const answer = observed(equipment, handler);
    const consumer = queues.consume(stage, account, atOnce, async (doorbell, signal) => {
      const work = Symbol(stage);
      heardAt_ms = performance.now();
      atWork.set(work, heardAt_ms);
      try {
        return await answer(doorbell, signal);
      } finally {
        atWork.delete(work);
        heardAt_ms = performance.now();
      }
    });
    consumers.push(consumer);
    watched.push({
      stage,
      account,
      consumer,
      heardAt_ms: () => heardAt_ms,
      atWorkSince_ms: () => [...atWork.values()],
    });
  }

  if (stages.includes('plan')) {
    listen('plan', null, concurrency.plan, ({ jobId }) => planJob(equipment, jobId));
  }
  if (stages.includes('submit')) {
    for (const { id, pace } of equipment.accounts.accounts.values()) {
      listen('submit', id, pace.uploadsInFlight, (doorbell, signal) =>
        submitInTurn(equipment, doorbell, signal),
      );
    }
  }
  if (stages.includes('poll')) {
    // One at a time for each account, and room for all of them: a slow provider keeps nobody else waiting.
    listen(
      'poll',
      null,
      equipment.accounts.accounts.size,
      oneAtATime(({ account }, signal) => pollAccount(equipment, account, signal)),
    );
  }
  if (stages.includes('ingest')) {
    const ingest = ingestInTurn(equipment);
    listen('ingest', null, concurrency.ingest, ({ chunkId }, signal) => ingest(chunkId, signal));
  }

  const sweptAt_ms = { rescue: performance.now(), expire: performance.now() };
  const sweeps = [
    every(tick_ms, 'rescue', rescue),
    every(tick_ms, 'expire', expirePatiently()),
    every(pruneInterval_ms, 'prune', prune),
    every(erase_ms, 'erase', erase),
    every(analyse_ms, 'analyse', analyse),
    every(balanceLook_ms, 'balances', lookAtBalances),
  ];

  async function every(
    interval_ms: number,
    name: string,
    sweep: (equipment: Equipment) => Promise<Counts>,
  ): Promise<void> {
    while (!equipment.stopping.aborted) {
      try {
        await sweep(equipment);
        swept(name);
        metrics.count('rollcall_sweep_runs_total', { sweep: name, result: 'ok' });
      } catch (error) {
        // An error of Postgres is an answer; that none came is what the watchdog looks for.
        if (sqlStateOf(error) !== null) swept(name);
        metrics.count('rollcall_sweep_runs_total', { sweep: name, result: 'failed' });
        log.error('sweep.failed', describeError(error));
      }
      await delay(interval_ms, undefined, { signal: equipment.stopping }).catch(() => undefined);
    }
  }

  function swept(name: string): void {
    if (name === 'rescue' || name === 'expire') sweptAt_ms[name] = performance.now();
  }

  return {
    watched,
    sweptAt_ms: () => Math.min(sweptAt_ms.rescue, sweptAt_ms.expire),
    async stop(deadline_ms) {
      const closed = await Promise.all(consumers.map((consumer) => consumer.close(deadline_ms)));
      await Promise.race([Promise.all(sweeps), delay(1_000)]);
      return { finished: closed.every(({ finished }) => finished) };
    },
  };
}

/** Lets a further doorbell for an account that is being polled go: the one at work takes whatever is due. */
function oneAtATime(
  poll: (doorbell: { readonly account: string }, signal: AbortSignal) => Promise<Counts>,
): typeof poll {
  const busy = new Set<string>();
  return async (doorbell, signal) => {
    if (busy.has(doorbell.account)) return { busy: 1 };
    busy.add(doorbell.account);
    try {
      return await poll(doorbell, signal);
    } finally {
      busy.delete(doorbell.account);
    }
  };
}
