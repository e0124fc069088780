import { Readable } from 'node:stream';
import type { JobSnapshot } from './job-snapshot.ts';

const heartbeat = ': still here\n\n';
/** How soon a browser comes again after the line broke. */
const hello = 'retry: 2000\n\n';

/**
 * What one listener is sent. It holds at most one snapshot that was not taken yet, and a newer one takes its place: a slow listener misses
 * steps and never the last state, and costs no memory however long it sleeps.
 *
 * @fastify/sse 0.6.0 was looked at and not taken: its heartbeats are written past a full buffer, every message waits in memory for a
 * slow reader, and it writes to the raw response, past the hooks that log a request and know its end.
 */
export class JobEventStream extends Readable {
  #lastSeen: string | null;
  #waiting: JobSnapshot | null = null;
  #isAsked = false;

  /** `lastSeen`: id of the last event that the listener has, so that it is not sent again. */
  constructor(lastSeen: string | null) {
    super({ highWaterMark: 1, encoding: 'utf8' });
    this.#lastSeen = lastSeen;
    this.push(hello);
  }

  /** Sends a snapshot, unless nothing has changed since the last; ends the stream behind that of a closed job. */
  show(snapshot: JobSnapshot): void {
    if (this.readableEnded || this.destroyed) return;
    this.#waiting = snapshot;
    if (this.#isAsked) this.#send();
  }

  /** Keeps proxies from taking a quiet line for a dead one; to a listener that takes nothing, nothing is said. */
  beat(): void {
    if (this.#isAsked && this.#waiting === null) this.#write(heartbeat);
  }

  /** Ends without saying that the job has ended: the listener comes again, here or elsewhere. */
  leave(): void {
    if (this.destroyed) return;
    this.#waiting = null;
    this.#isAsked = false;
    this.push(null);
  }

  override _read(): void {
    this.#isAsked = true;
    if (this.#waiting !== null) this.#send();
  }

  #send(): void {
    const snapshot = this.#waiting;
    this.#waiting = null;
    if (snapshot === null) return;
    const text = snapshot.id === this.#lastSeen ? '' : snapshot.event;
    this.#lastSeen = snapshot.id;
    if (snapshot.end !== null) {
      this.push(text + snapshot.end.event);
      this.leave();
    } else if (text !== '') this.#write(text);
  }

  #write(text: string): void {
    this.#isAsked = false;
    this.push(text);
  }
}
