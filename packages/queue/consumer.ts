import { setTimeout as delay } from 'node:timers/promises';
import { WaitingError } from 'bullmq';
import type { BullProcessor, OpenWorker, QueueBackend } from './backend.ts';
import { countsOf } from './counts.ts';
import { type DoorbellOf, isDoorbellOf, parseDoorbell, type Stage } from './doorbell.ts';
import type { OnQueueEvent } from './queue-event.ts';
import type { ReportBackendError } from './quiet-reports.ts';
import { SafeFailure, UnreadableDoorbell } from './safe-failure.ts';
import { within } from './within.ts';

/** Answers one doorbell with counts. `signal` is aborted when a stop has run out of time. */
export type DoorbellHandler<S extends Stage> = (
  doorbell: DoorbellOf<S>,
  signal: AbortSignal,
) => Promise<Record<string, number>>;

export interface Consumer {
  readonly queue: string;
  /** Handlers at work now. */
  running(): number;
  /** Doorbells in the queue that nobody has taken yet; null where the backend does not say within a second. */
  waiting(): Promise<number | null>;
  /**
   * Takes no more doorbells and lets the running handlers finish. After `deadline_ms` their signal is aborted; a second
   * later, or two seconds after the last handler when only the backend does not answer, the connections are dropped.
   * So it returns within `deadline_ms` + 4 s, whatever Redis or Postgres do. `finished` says that every handler
   * ended by itself, none because it was aborted. A second call waits for the first.
   */
  close(deadline_ms: number): Promise<{ readonly finished: boolean }>;
}

interface ConsumerOptions<S extends Stage> {
  readonly backend: QueueBackend;
  readonly queue: string;
  readonly stage: S;
  readonly concurrency: number;
  readonly handler: DoorbellHandler<S>;
  readonly onEvent: OnQueueEvent;
  readonly report: ReportBackendError;
}

const reopen_ms = 250;
const abortGrace_ms = 1_000;
const goodbye_ms = 2_000;
const waitingDeadline_ms = 1_000;

/** Starts to consume, now or as soon as the backend can be reached. */
export function openConsumer<S extends Stage>(options: ConsumerOptions<S>): Consumer {
  const { backend, queue, stage, concurrency, handler, onEvent, report } = options;
  const outOfTime = new AbortController();
  const stopping = new AbortController();
  const cut = new AbortController();
  const handlers = new Set<Promise<unknown>>();

  const processor: BullProcessor = async (job, token) => {
    if (stopping.signal.aborted) {
      // Fetched just before the stop: back to the queue, for another worker.
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const doorbell = parseDoorbell(job.data);
    if (doorbell === null || !isDoorbellOf(doorbell, stage)) {
      onEvent({ kind: 'unreadable', queue });
      throw new SafeFailure(new UnreadableDoorbell());
    }
    const work = answer(doorbell);
    handlers.add(work);
    return await work.finally(() => handlers.delete(work));
  };

  async function answer(doorbell: DoorbellOf<S>): Promise<Record<string, number>> {
    try {
      return countsOf(await handler(doorbell, outOfTime.signal));
    } catch (error) {
      onEvent({ kind: 'handler', queue, doorbell, error });
      throw new SafeFailure(error);
    }
  }

  /** Every try makes a new worker: BullMQ never gets over a first connection that failed. */
  async function open(): Promise<OpenWorker | null> {
    while (!stopping.signal.aborted) {
      try {
        const worker = await backend.openWorker(
          queue,
          processor,
          // A submit that died may have spent money; Postgres holds it, and the queue must not hand it out again.
          { concurrency, maxStalledCount: stage === 'submit' ? 0 : 1 },
          (error) => report(queue, error),
          (bullJobId) => onEvent({ kind: 'stalled', queue, bullJobId }),
          cut.signal,
        );
        if (worker !== null) return worker;
      } catch (error) {
        report(queue, error);
      }
      await delay(reopen_ms, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    return null;
  }
  const opening = open();

  async function stop(deadline_ms: number): Promise<{ finished: boolean }> {
    stopping.abort();
    const closing = opening.then((worker) => worker?.close());
    closing.catch((error: unknown) => report(queue, error));

    const settled = async () => {
      await Promise.allSettled(handlers);
    };
    const inTime = await within(settled(), deadline_ms);
    if (!inTime.inTime) {
      outOfTime.abort(new Error(`the stop of ${queue} ran out of time`));
      await within(settled(), abortGrace_ms);
    }
    const running = handlers.size;
    const goodbye = await within(closing, running > 0 ? 0 : goodbye_ms).catch(() => null);
    if (!inTime.inTime || goodbye?.inTime !== true) onEvent({ kind: 'abandoned', queue, running });
    // Of a worker that is still being opened too: it may have handed out doorbells already, and a backend that hangs
    // would let it hang, and keep the process alive, until every time-out has run.
    cut.abort();
    return { finished: inTime.inTime };
  }

  let stopped: Promise<{ finished: boolean }> | undefined;
  return {
    queue,
    running: () => handlers.size,
    async waiting() {
      const count = backend.queues.get(queue)?.getWaitingCount() ?? Promise.resolve(null);
      const counted = await within(count, waitingDeadline_ms).catch(() => null);
      return counted?.inTime === true ? counted.value : null;
    },
    close(deadline_ms) {
      stopped ??= stop(deadline_ms);
      return stopped;
    },
  };
}
