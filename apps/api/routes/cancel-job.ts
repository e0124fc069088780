import { cancelledJobSchema, jobIdSchema } from '@rollcall/contract';
import { cancelJob, type Database } from '@rollcall/db';
import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { cancellationOf } from '../cancellation-view.ts';
import type { AccountBook } from '../intake/choose-account.ts';
import { namedKey } from '../named-key.ts';
import { letBodiesBeAbsent } from '../optional-body.ts';
import { readWholeJob } from '../read-whole-job.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

export interface CancelDependencies {
  readonly database: Database;
  readonly accounts: AccountBook;
  readonly log: Logger;
}

/** `POST /v1/jobs/{id}/cancel` */
export async function cancelJobRoute(
  plain: FastifyInstance,
  { database, accounts, log }: CancelDependencies,
): Promise<void> {
  letBodiesBeAbsent(plain);
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  app.post(
    '/jobs/:id/cancel',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'cancelJob',
        summary: 'Cancel a job',
        description:
          'Ends what was not sent: those numbers end as `cancelled`. What was sent is paid for: its answers still come in, and ' +
          'results that are there stay. The answer says what is paid, what may still be charged and what is not spent, as of the ' +
          'moment of cancelling. The job is `cancelled` once nothing is in flight; what is held waits for its person. Sent again, ' +
          'it says how things stand now.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema }),
        response: {
          200: cancelledJobSchema,
          ...problemResponses([
            ...everywhere,
            'malformed_request',
            'not_found',
            'job_closed',
            'unsupported_media_type',
          ]),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const key = keyOf(request);
      const { tenantId, id: apiKey } = key;
      // Each number that was not sent gets its row now: of 10,000,000 that takes longer than a connection may be silent.
      request.raw.setTimeout?.(0);
      const cancelled = await cancelJob(database, tenantId, id, namedKey(key));
      if (cancelled.kind === 'not_found') return sendRefusal(request, reply, refuse('not_found'));
      if (cancelled.kind === 'closed') return sendRefusal(request, reply, refuse('job_closed'));
      const { cancellation, cancelledChunks, closing, changed } = cancelled;
      if (closing.kind === 'audit_failed') {
        log.error('job.audit_failed', { request: request.id, job: id });
      }
      if (changed) {
        log.info('job.cancelling', {
          request: request.id,
          job: id,
          api_key: apiKey,
          counts: { chunks: cancelledChunks, in_flight: cancellation.numbers_in_flight },
        });
      }
      if (closing.kind === 'closed') {
        log.info('job.closed', { request: request.id, job: id, state_to: closing.state });
      }
      const job = await readWholeJob(database, tenantId, id);
      if (!job) return sendRefusal(request, reply, refuse('not_found'));
      const offer = accounts.accounts.get(cancellation.account)?.checks[cancellation.check_name];
      return reply.send({
        job,
        cancellation: cancellationOf(cancellation, offer?.pricePerNumber ?? null),
      });
    },
  );
}
