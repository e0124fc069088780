import { jobIdSchema, jobSchema, patchJobSchema } from '@rollcall/contract';
import {
  changeJob,
  type Controlled,
  type Database,
  nextReady,
  pauseJob,
  resumeJob,
} from '@rollcall/db';
import { parseMoney } from '@rollcall/domain';
import type { Queues } from '@rollcall/queue';
import type { EventName, Logger } from '@rollcall/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import type { AccountBook } from '../intake/choose-account.ts';
import { namedKey } from '../named-key.ts';
import { letBodiesBeAbsent } from '../optional-body.ts';
import { readWholeJob } from '../read-whole-job.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, ofJsonBody, problemResponses } from './problem-responses.ts';

export interface ControlDependencies {
  readonly database: Database;
  readonly queues: Queues;
  readonly accounts: AccountBook;
  readonly log: Logger;
}

/** `POST /v1/jobs/{id}/pause`, `POST /v1/jobs/{id}/resume` and `PATCH /v1/jobs/{id}` */
export async function controlJobRoutes(
  plain: FastifyInstance,
  { database, queues, accounts, log }: ControlDependencies,
): Promise<void> {
  letBodiesBeAbsent(plain);
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  const config = { scope: 'jobs:write' } as const;
  const shared = {
    tags: ['jobs'],
    security: [{ key: [] }],
    params: z.object({ id: jobIdSchema }),
  };

  app.post(
    '/jobs/:id/pause',
    {
      config,
      schema: {
        ...shared,
        operationId: 'pauseJob',
        summary: 'Pause a job',
        description:
          'Nothing more of it is sent, until it is resumed and whatever is restarted in between. What was sent is paid for, ' +
          'so it is still polled and read. A job that is paused already stays so.',
        response: { 200: jobSchema, ...problems('job_not_pausable') },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { id } = request.params;
      const paused = await pauseJob(database, key.tenantId, id, namedKey(key));
      return answer(request, reply, paused, 'job.paused');
    },
  );

  app.post(
    '/jobs/:id/resume',
    {
      config,
      schema: {
        ...shared,
        operationId: 'resumeJob',
        summary: 'Resume a job',
        description:
          'Sends again. Also lets go what was stopped because the first chunk of the job was rejected. A job that runs stays so.',
        response: { 200: jobSchema, ...problems('job_not_pausable') },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { id } = request.params;
      const resumed = await resumeJob(database, key.tenantId, id, namedKey(key));
      if (resumed.kind === 'controlled') await ringFor(resumed.account);
      return answer(request, reply, resumed, 'job.resumed');
    },
  );

  app.patch(
    '/jobs/:id',
    {
      config,
      schema: {
        ...shared,
        operationId: 'changeJob',
        summary: 'Change a job',
        description:
          'What is absent stays as it is. A higher `max_cost` lets go what waited for it. A retry that may pay twice does not ' +
          'get above its approval, to which `pay_again` on its held uploads adds.',
        body: patchJobSchema,
        response: {
          200: jobSchema,
          ...problemResponses([
            ...everywhere,
            ...ofJsonBody,
            'not_found',
            'job_closed',
            'invalid_request',
            'approval_too_low',
          ]),
        },
      },
    },
    async (request, reply) => {
      const { max_cost: maxCost, priority, name } = request.body;
      const key = keyOf(request);
      const change = {
        // The schema lets only amounts through; null removes the limit.
        maxCost: typeof maxCost === 'string' ? parseMoney(maxCost) : maxCost,
        priority,
        name,
      };
      const { id } = request.params;
      const changed = await changeJob(database, key.tenantId, id, change, namedKey(key));
      if (changed.kind === 'above_approval') {
        const detail =
          'This job asks numbers again that may have been paid for: `max_cost` stays within the `cost_ceiling` of its approval and of those for its held uploads.';
        return sendRefusal(request, reply, refuse('approval_too_low', { detail }));
      }
      return answer(request, reply, changed, 'job.changed');
    },
  );

  /** As many of the account's chunks as it has slots: they ring for the rest. Whom nobody rang for, the sweep does. */
  async function ringFor(account: string): Promise<void> {
    const slots = accounts.accounts.get(account)?.pace.uploadsInFlight ?? 1;
    const next = await nextReady(database, account, slots);
    await queues.ring(
      next.map(({ chunkId, ring }) => ({ stage: 'submit', chunkId, account, ring })),
    );
  }

  async function answer(
    request: FastifyRequest<{ Params: { id: string } }>,
    reply: FastifyReply,
    outcome: Controlled,
    event: EventName,
  ) {
    const { id } = request.params;
    switch (outcome.kind) {
      case 'not_found':
        return sendRefusal(request, reply, refuse('not_found'));
      case 'closed':
        return sendRefusal(request, reply, refuse('job_closed'));
      case 'not_now': {
        const detail =
          outcome.state === 'planning'
            ? 'The job is still being planned, which takes seconds. Send it again then.'
            : 'The job is being cancelled, and stays so.';
        return sendRefusal(request, reply, refuse('job_not_pausable', { detail }));
      }
      case 'controlled': {
        const { tenantId, id: apiKey } = keyOf(request);
        if (outcome.changed) log.info(event, { request: request.id, job: id, api_key: apiKey });
        const job = await readWholeJob(database, tenantId, id);
        return job ? reply.send(job) : sendRefusal(request, reply, refuse('not_found'));
      }
    }
  }
}

function problems(special: 'job_not_pausable') {
  return problemResponses([
    ...everywhere,
    'malformed_request',
    'not_found',
    'job_closed',
    special,
    'unsupported_media_type',
  ]);
}
