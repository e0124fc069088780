import {
  idempotencyKeySchema,
  jobIdSchema,
  jobSchema,
  type RetryJob,
  retryJobSchema,
} from '@rollcall/contract';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { accountsOf } from '../accounts-of.ts';
import { letBodiesBeAbsent } from '../optional-body.ts';
import { readWholeJob } from '../read-whole-job.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { type MadeRetry, makeRetry } from '../retry/make-retry.ts';
import { turnstile } from '../turnstile.ts';
import type { ControlDependencies } from './control-job.ts';
import { headersNamed } from '../openapi/response-headers.ts';
import { everywhere, ofJsonBody, problemResponses } from './problem-responses.ts';

/** `POST /v1/jobs/{id}/retry` */
export async function retryJobRoute(
  plain: FastifyInstance,
  { database, queues, accounts, log }: ControlDependencies,
): Promise<void> {
  // Copying 10,000,000 numbers takes a connection for a minute: the others are for everybody else.
  const copying = turnstile(1);
  letBodiesBeAbsent(plain);
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  app.post(
    '/jobs/:id/retry',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'retryJob',
        summary: 'Retry a closed job',
        description:
          'Makes a job of those numbers whose latest answer, in the job and its retries, is still `failed` or `missing`. The closed job ' +
          'does not change. Numbers that an earlier upload was paid for, or may have been, are asked again only with an `approval`, ' +
          'which needs the scope approvals:write. One retry of the same numbers is open at a time.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema }),
        headers: z.object({ 'idempotency-key': idempotencyKeySchema.optional() }),
        body: {
          required: false,
          content: { 'application/json': { schema: retryJobSchema } },
        },
        response: {
          202: {
            description:
              'The retry is stored; `Location` names it. `Idempotency-Replayed: true`: it was made before.',
            headers: headersNamed('location', 'idempotency-replayed'),
            content: { 'application/json': { schema: jobSchema } },
          },
          ...problemResponses([
            ...everywhere,
            ...ofJsonBody,
            'not_found',
            'idempotency_in_progress',
            'job_not_closed',
            'rows_dropped',
            'retry_running',
            'cost_per_day_reached',
            'numbers_per_day_reached',
            'invalid_request',
            'unknown_check',
            'unknown_account',
            'check_not_offered',
            'too_few_numbers',
            'max_cost_too_low',
            'nothing_to_retry',
            'approval_required',
            'approval_too_low',
            'idempotency_key_reused',
          ]),
        },
      },
    },
    async (request, reply) => {
      // Storing may take longer than a connection may be silent.
      request.raw.setTimeout?.(0);
      const apiKey = keyOf(request);
      const own = await accountsOf(database, accounts, apiKey.tenantId);
      const made = await copying(() =>
        makeRetry(database, own, {
          jobId: request.params.id,
          apiKey,
          body: request.body ?? ({} satisfies RetryJob),
          idempotencyKey: request.headers['idempotency-key'],
          traceparent: request.traceparent,
        }),
      );
      if (made.kind === 'refused') return sendRefusal(request, reply, made);
      if (made.kind === 'other_body') {
        return sendRefusal(request, reply, refuse('idempotency_key_reused'));
      }
      if (made.kind === 'in_progress') {
        return sendRefusal(request, reply, refuse('idempotency_in_progress'));
      }
      if (made.kind === 'created') await announce(request, made);
      else void reply.header('idempotency-replayed', 'true');
      const job = await readWholeJob(database, apiKey.tenantId, made.jobId);
      if (!job) throw new Error('a retry that was just stored is not there');
      return reply.code(202).header('location', job.links.self).send(job);
    },
  );

  async function announce(
    request: FastifyRequest,
    made: Extract<MadeRetry, { kind: 'created' }>,
  ): Promise<void> {
    log.info('job.retried', {
      request: request.id,
      job: made.jobId,
      account: made.account,
      approval: made.approvalId ?? undefined,
      api_key: request.apiKey?.id,
      counts: { numbers: made.numbers, may_be_paid: made.mayBePaid },
    });
    // Best effort: the job is stored, and the sweep rings for what nobody rang for.
    await queues.ring([{ stage: 'plan', jobId: made.jobId, ring: made.ring }]);
  }
}
