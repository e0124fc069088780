import type { Doorbell } from './doorbell.ts';
import type { RedisCannotBeAsked, RedisEvicts } from './queue-errors.ts';

/**
 * What the queue tells its owner, for the log. `error` is the original error and may hold anything: whoever logs it
 * must scrub it. Nothing here asks for an action; Postgres and the sweep put everything right.
 */
export type QueueEvent =
  /** The connection or BullMQ itself complains. At most one per source in five seconds; `suppressed` counts the rest. */
  | {
      readonly kind: 'backend';
      readonly queue: string | null;
      readonly error: unknown;
      readonly suppressed: number;
    }
  /** Redis may not be used: nothing is rung and nothing consumed until it says `noeviction`. */
  | { readonly kind: 'refused'; readonly error: RedisEvicts | RedisCannotBeAsked }
  /** Doorbells that were not rung; the sweep will ring for them. */
  | {
      readonly kind: 'ring';
      readonly queue: string | null;
      readonly failed: number;
      readonly error: unknown;
    }
  /** A handler threw. The queue keeps only the error's code and class. */
  | {
      readonly kind: 'handler';
      readonly queue: string;
      readonly doorbell: Doorbell;
      readonly error: unknown;
    }
  /** A payload that is no doorbell was failed without being looked into. */
  | { readonly kind: 'unreadable'; readonly queue: string }
  /** BullMQ gave a doorbell up because its worker died or slept. */
  | { readonly kind: 'stalled'; readonly queue: string; readonly bullJobId: string }
  /** A stop ran out of time: so many handlers were left running, or only the goodbye to the backend was missing (0). */
  | { readonly kind: 'abandoned'; readonly queue: string; readonly running: number };

export type OnQueueEvent = (event: QueueEvent) => void;
