import { jobTraceOfChunk, jobTraceparent } from '@rollcall/db';
import type { JobId } from '@rollcall/domain';
import type { ObservedRequest } from '@rollcall/providers';
import type { Doorbell, DoorbellHandler, DoorbellOf, Stage } from '@rollcall/queue';
import type { Logger, Metrics, Tracing } from '@rollcall/telemetry';
import type { Counts, Equipment } from './equipment.ts';

/** A stage's handler, timed and traced: one span below the job's trace, and one observation, for each doorbell. */
export function observed<S extends Stage>(
  equipment: Equipment,
  handler: (doorbell: DoorbellOf<S>, signal: AbortSignal) => Promise<Counts>,
): DoorbellHandler<S> {
  const { log, metrics, tracing } = equipment;
  return async (doorbell, signal) => {
    const { stage } = doorbell;
    const place = tracing.enabled ? await placeOf(equipment, doorbell) : nowhere;
    const span = tracing.begin({
      name: stage,
      kind: 'consumer',
      parent: place.traceparent,
      fields: {
        stage,
        job: place.jobId,
        chunk: 'chunkId' in doorbell ? doorbell.chunkId : undefined,
        account: 'account' in doorbell ? doorbell.account : undefined,
      },
    });
    const start_ms = performance.now();
    const finish = (result: string, counts?: Counts) => {
      metrics.observe(
        'rollcall_stage_run_duration_seconds',
        { stage, result },
        performance.now() - start_ms,
      );
      span.end(result === 'failed', { result, counts });
      log.trace('stage.ran', {
        stage,
        chunk: 'chunkId' in doorbell ? doorbell.chunkId : undefined,
        account: 'account' in doorbell ? doorbell.account : undefined,
        reason: result,
        counts,
        duration_ms: Math.round(performance.now() - start_ms),
      });
    };
    try {
      const counts = await span.run(() => handler(doorbell, signal));
      finish(resultOf(counts), counts);
      return counts;
    } catch (error) {
      finish('failed');
      throw error;
    }
  };
}

/** The first thing that a stage says it did: `polling`, `rows`, `gone`; the stages' words, a dozen in all. */
function resultOf(counts: Counts): string {
  return Object.entries(counts).find(([, count]) => count > 0)?.[0] ?? 'nothing';
}

interface Place {
  readonly jobId: JobId | undefined;
  readonly traceparent: string | null;
}
const nowhere: Place = { jobId: undefined, traceparent: null };

/** A poll round asks for tasks of many jobs and is a trace of its own; what becomes of a task is told in its job's. */
async function placeOf({ db }: Equipment, doorbell: Doorbell): Promise<Place> {
  try {
    switch (doorbell.stage) {
      case 'plan':
        return {
          jobId: doorbell.jobId,
          traceparent: await jobTraceparent(db, doorbell.jobId),
        };
      case 'poll':
        return nowhere;
      default:
        return (await jobTraceOfChunk(db, doorbell.chunkId)) ?? nowhere;
    }
  } catch {
    // The stage will meet the same Postgres and say what is wrong; a trace is not worth more than the work.
    return nowhere;
  }
}

/** Counts, traces and, at that level, logs an exchange with a provider: account, operation and status, and nothing of its URL. */
export function observeRequest(
  metrics: Metrics,
  tracing: Tracing,
  log: Logger,
): (observed: ObservedRequest) => void {
  return ({ accountId, operation, httpStatus, transportError, duration_ms }) => {
    const status = httpStatus === null ? 'none' : `${Math.floor(httpStatus / 100)}xx`;
    metrics.observe(
      'rollcall_provider_request_duration_seconds',
      { account: accountId, operation, status },
      duration_ms,
    );
    tracing.ended(
      {
        name: `provider ${operation}`,
        kind: 'client',
        fields: {
          account: accountId,
          operation,
          status_code: httpStatus ?? undefined,
          error_code: transportError ?? undefined,
        },
      },
      duration_ms,
      transportError !== null || httpStatus === null || httpStatus >= 400,
    );
    log.trace('provider.exchanged', {
      account: accountId,
      reason: operation,
      status_code: httpStatus ?? undefined,
      error_code: transportError ?? undefined,
      duration_ms: Math.round(duration_ms),
    });
  };
}
