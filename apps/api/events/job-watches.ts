import type { Job } from '@rollcall/contract';
import { describeError, type Logger } from '@rollcall/telemetry';
import type { JobEventStream } from './job-event-stream.ts';
import { snapshotOf } from './job-snapshot.ts';

/** Looks one job up; null where it is not there any more. */
export type ReadJob = () => Promise<Job | null>;

/**
 * The jobs that somebody listens to. Each is read once in a while, however many listen: what one read found is shown to all. A listener
 * that joins waits for the next read, so that it is never shown something older than what it may have seen elsewhere.
 */
export class JobWatches {
  readonly #every_ms: number;
  readonly #log: Logger;
  readonly #watches = new Map<string, Set<JobEventStream>>();
  #isClosed = false;

  constructor(every_ms: number, log: Logger) {
    this.#every_ms = every_ms;
    this.#log = log;
  }

  /** Shows the job to this stream from now until the stream is closed. `read` is used by the first listener's watch. */
  join(jobId: string, stream: JobEventStream, read: ReadJob): void {
    if (this.#isClosed) return stream.leave();
    const listeners = this.#watches.get(jobId) ?? new Set();
    stream.once('close', () => listeners.delete(stream));
    listeners.add(stream);
    if (this.#watches.has(jobId)) return;
    this.#watches.set(jobId, listeners);
    void this.#watch(jobId, listeners, read);
  }

  /** Ends every stream, and lets nobody join any more. */
  close(): void {
    this.#isClosed = true;
    for (const listeners of this.#watches.values()) for (const stream of listeners) stream.leave();
  }

  async #watch(jobId: string, listeners: Set<JobEventStream>, read: ReadJob): Promise<void> {
    let isTold = false;
    while (listeners.size > 0 && !this.#isClosed) {
      // Whoever joins while it is read waits for the next one.
      const present = [...listeners];
      try {
        const job = await read();
        const snapshot = job && snapshotOf(job);
        for (const stream of present) {
          if (snapshot) stream.show(snapshot);
          else stream.leave();
        }
        isTold = false;
      } catch (error) {
        // Listeners stay: Postgres comes back, and then they are shown what has changed.
        if (!isTold) this.#log.warn('database.error', { job: jobId, ...describeError(error) });
        isTold = true;
      }
      await new Promise((resolve) => setTimeout(resolve, this.#every_ms).unref());
    }
    this.#watches.delete(jobId);
  }
}
