import type { DefaultJobOptions, WorkerOptions } from 'bullmq';
import type { WorkerSettings } from './backend.ts';

/** So that the dashboard shows something: the last doorbells of each queue, answered and failed. */
const kept = 1_000;

/**
 * One attempt: whether something is tried again is decided in Postgres, never by the queue. `failedReason` and stack
 * cannot be hidden by the dashboard, so only one (already made safe) stack is kept.
 */
export const doorbellOptions = {
  attempts: 1,
  removeOnComplete: { count: kept },
  removeOnFail: { count: kept },
  stackTraceLimit: 1,
} satisfies DefaultJobOptions;

/** BullMQ keeps a stream of its own events per queue (Redis); nobody here reads it. */
export const eventStreamOptions = { events: { maxLen: 100 } };

/**
 * `runRetryDelay` is BullMQ's pause after a lost connection, 15 s by default: too long for work to resume within 30 s
 * of a restart.
 */
export function workerOptions(settings: WorkerSettings): Omit<WorkerOptions, 'connection'> {
  return {
    concurrency: settings.concurrency,
    maxStalledCount: settings.maxStalledCount,
    lockDuration: 30_000,
    stalledInterval: 30_000,
    drainDelay: 5,
    runRetryDelay: 1_000,
    removeOnComplete: doorbellOptions.removeOnComplete,
    removeOnFail: doorbellOptions.removeOnFail,
  };
}
