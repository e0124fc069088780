import type { Queues } from '@rollcall/queue';
import type { Series } from '@rollcall/telemetry';

/** Doorbells of each queue by what becomes of them, for metrics. Rejects when the backend does not answer. */
export async function readQueueDepths(queues: Queues): Promise<readonly Series[]> {
  const all = await Promise.all(
    queues.all().map(async (queue) => {
      const counts = await queue.getJobCounts('waiting', 'active', 'failed');
      return Object.entries(counts).map(([state, value]) => ({
        labels: { queue: queue.name, state },
        value,
      }));
    }),
  );
  return all.flat();
}
