import { jobIdSchema, jobPageSchema, jobQuerySchema, jobSchema } from '@rollcall/contract';
import { type Database, listJobs } from '@rollcall/db';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { readCursor, writeCursor } from '../cursor.ts';
import { jobSummaryOf } from '../job-view.ts';
import { readWholeJob } from '../read-whole-job.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

const scope = 'jobs:read';

/** `GET /v1/jobs` and `GET /v1/jobs/{id}` */
export async function jobRoutes(
  plain: FastifyInstance,
  { database }: { readonly database: Database },
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  app.get(
    '/jobs',
    {
      config: { scope },
      schema: {
        tags: ['jobs'],
        operationId: 'listJobs',
        summary: 'List jobs, newest first',
        description:
          'Filters are joined by "and". Pages stay true while jobs are made: newer ones come before the first page, never in between.',
        security: [{ key: [] }],
        querystring: jobQuerySchema,
        response: {
          200: jobPageSchema,
          ...problemResponses([...everywhere, 'invalid_request', 'invalid_cursor']),
        },
      },
    },
    async (request, reply) => {
      const { limit, state, check, account, name } = request.query;
      const cursor = readCursor('jobs', request.query.cursor);
      if (cursor.kind === 'invalid') return sendRefusal(request, reply, refuse('invalid_cursor'));
      const { tenantId } = keyOf(request);
      const page = { before: cursor.after, limit: limit + 1 };
      const rows = await listJobs(database, tenantId, page, {
        states: state,
        check,
        account,
        name,
        requestedBy: request.query.requested_by,
        retryOf: request.query.retry_of,
        createdFrom_ms: momentOf(request.query.created_after),
        createdBefore_ms: momentOf(request.query.created_before),
        attention: request.query.attention === 'true',
      });
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      const now_ms = Date.now();
      return reply.send({
        data: shown.map((row) => jobSummaryOf(row, now_ms)),
        next_cursor: last ? writeCursor('jobs', last.job_id) : null,
      });
    },
  );
  app.get(
    '/jobs/:id',
    {
      config: { scope },
      schema: {
        tags: ['jobs'],
        operationId: 'getJob',
        summary: 'Show a job',
        description:
          'With what of it is held, blocked or not paid for (`attention`), why lines were rejected, and its money.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema }),
        response: { 200: jobSchema, ...problemResponses([...everywhere, 'not_found']) },
      },
    },
    async (request, reply) => {
      const job = await readWholeJob(database, keyOf(request).tenantId, request.params.id);
      return job ? reply.send(job) : sendRefusal(request, reply, refuse('not_found'));
    },
  );
}

function momentOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}
