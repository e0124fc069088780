import type { Job, Queue } from 'bullmq';

/** What BullMQ runs for each message; it answers with counts, and `token` is its lock on the message. */
export type BullProcessor = (job: Job, token?: string) => Promise<Record<string, number>>;

export interface WorkerSettings {
  readonly concurrency: number;
  /** How often BullMQ may hand out a message again whose worker died; 0 fails it at once. */
  readonly maxStalledCount: number;
}

/** A running BullMQ worker. */
export interface OpenWorker {
  /** Takes no more messages, waits for the running ones, says goodbye. Does not return while the backend is down. */
  close(): Promise<void>;
}

/** Where BullMQ keeps its messages. Two implementations, held to the same tests. */
export interface QueueBackend {
  readonly kind: 'postgres' | 'redis';
  /** By queue name. Safe to ring in and to show in a dashboard. */
  readonly queues: ReadonlyMap<string, Queue>;
  /** Why nothing may be rung or consumed right now; `null` when all is well. Never waits. */
  refusal(): string | null;
  /**
   * One round trip: null, or why nothing can be rung although the server answers. Rejects when the server cannot be
   * reached. May hang with the server: bound it.
   */
  ping(): Promise<string | null>;
  /**
   * Starts a worker. `null` when that is not allowed yet (see `refusal`), a rejection when the server is away: try again.
   * It may run the processor before the promise is fulfilled. `cut` drops the connections made for it without asking
   * the server, in whatever moment of its life; needed after `close` too.
   */
  openWorker(
    queue: string,
    processor: BullProcessor,
    settings: WorkerSettings,
    onError: (error: unknown) => void,
    onStalled: (bullJobId: string) => void,
    cut: AbortSignal,
  ): Promise<OpenWorker | null>;
  /** Bounded to a few seconds, whatever the server does. Workers are closed by who opened them. */
  close(): Promise<void>;
}
