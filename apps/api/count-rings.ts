import type { Queues } from '@rollcall/queue';
import type { Metrics } from '@rollcall/telemetry';

/** The same queues, with every ring counted. */
export function countRings(queues: Queues, metrics: Metrics): Queues {
  return {
    ...queues,
    async ring(doorbells) {
      const { rung, failed } = await queues.ring(doorbells);
      metrics.count('rollcall_doorbells_total', { result: 'rung' }, rung);
      metrics.count('rollcall_doorbells_total', { result: 'failed' }, failed);
      return { rung, failed };
    },
  };
}
