import { liveSchema, type Ready, readySchema } from '@rollcall/contract';
import { askPostgres, type Database } from '@rollcall/db';
import type { Queues } from '@rollcall/queue';
import type { FastifyInstance } from 'fastify';

/** `/healthz`: the process lives, whatever else does not. `/readyz`: and its Postgres and its queue answer. */
export async function healthRoutes(
  app: FastifyInstance,
  {
    database,
    isDatabaseFine,
    queues,
  }: {
    readonly database: Database;
    readonly isDatabaseFine: () => Promise<boolean>;
    readonly queues: Queues;
  },
): Promise<void> {
  const tags = ['health'];
  app.get(
    '/healthz',
    {
      schema: {
        tags,
        operationId: 'live',
        summary: 'Whether the process lives',
        description: 'Asks nobody else: it answers while Postgres and the queue are away.',
        security: [],
        response: { 200: liveSchema },
      },
    },
    () => ({ status: 'alive' }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        tags,
        operationId: 'ready',
        summary: 'Whether Postgres and the queue answer, and which does not',
        description:
          'While the queue is away nothing moves and nothing is lost: jobs are still taken with 202, and work goes on within ten seconds of its return.',
        security: [],
        response: { 200: readySchema, 503: readySchema },
      },
    },
    async (_request, reply) => {
      // Not waited for where Postgres is away; where it only refuses us, this is what finds out why.
      const looked = isDatabaseFine().catch(() => false);
      const [answer, queue] = await Promise.all([askPostgres(database), queues.healthy()]);
      const isFine = answer.ok && (await looked);
      const postgres = answer.ok && !isFine ? { ok: false, reason: notLookedAt } : answer;
      const ready: Ready = {
        status: postgres.ok && queue.ok ? 'ready' : 'not_ready',
        postgres,
        queue: { ...queue, backend: queues.backend },
      };
      return reply.code(ready.status === 'ready' ? 200 : 503).send(ready);
    },
  );
}

const notLookedAt = 'Postgres has not said yet whether its walls between tenants bind us';
