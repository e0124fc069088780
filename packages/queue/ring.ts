import type { QueueBackend } from './backend.ts';
import { bullJobId, bullJobName, type Doorbell, parseDoorbell } from './doorbell.ts';
import type { OnQueueEvent } from './queue-event.ts';
import { queueName } from './queue-name.ts';
import { within } from './within.ts';

/** A transaction has just committed and its caller waits: a doorbell is worth a second, not more. */
const ringDeadline_ms = 1_000;

export interface Rung {
  /** Doorbells that the backend confirmed, repeats of the same ring included. */
  readonly rung: number;
  /** The rest. A failed one may have arrived all the same: its reply was lost or late. */
  readonly failed: number;
}

/** Rings once per queue, all queues at the same time. Best effort: returns within about a second and never throws. */
export async function ring(
  backend: QueueBackend,
  doorbells: readonly Doorbell[],
  onEvent: OnQueueEvent,
): Promise<Rung> {
  if (doorbells.length === 0) return { rung: 0, failed: 0 };
  const refusal = backend.refusal();
  if (refusal !== null) {
    onEvent({ kind: 'ring', queue: null, failed: doorbells.length, error: new Error(refusal) });
    return { rung: 0, failed: doorbells.length };
  }

  let rung = 0;
  const rings = [...byQueue(doorbells)].map(async ([name, group]) => {
    try {
      const queue = name === null ? undefined : backend.queues.get(name);
      if (queue === undefined) throw new TypeError('no queue is open for this doorbell');
      const messages = new Map(group.map((doorbell) => [bullJobId(doorbell), doorbell]));
      await queue.addBulk(
        [...messages].map(([jobId, doorbell]) => ({
          name: bullJobName(doorbell),
          data: doorbell,
          opts: { jobId },
        })),
      );
      rung += group.length;
    } catch (error) {
      onEvent({ kind: 'ring', queue: name, failed: group.length, error });
    }
  });
  const all = await within(Promise.all(rings), ringDeadline_ms);
  const failed = doorbells.length - rung;
  if (!all.inTime && failed > 0) {
    const error = new Error(`the queue did not confirm within ${ringDeadline_ms} ms`);
    onEvent({ kind: 'ring', queue: null, failed, error });
  }
  return { rung, failed };
}

/** By queue name; what is no doorbell, whatever its type claimed, stands under `null`. */
function byQueue(doorbells: readonly Doorbell[]): Map<string | null, Doorbell[]> {
  const groups = new Map<string | null, Doorbell[]>();
  for (const given of doorbells) {
    const doorbell = parseDoorbell(given);
    const name = doorbell === null ? null : queueName(doorbell);
    const group = groups.get(name) ?? [];
    group.push(doorbell ?? given);
    groups.set(name, group);
  }
  return groups;
}
