import { jobIdSchema, resultPageSchema, resultQuerySchema } from '@rollcall/contract';
import { type Database, readResults } from '@rollcall/db';
import { finalJobStates } from '@rollcall/domain';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { readCursor, writeCursor } from '../cursor.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { resultsJson } from '../result-view.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

/** `GET /v1/jobs/{id}/results` */
export async function resultRoutes(
  plain: FastifyInstance,
  { database }: { readonly database: Database },
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  app.get(
    '/jobs/:id/results',
    {
      config: { scope: 'results:read', reads: 'results' },
      schema: {
        tags: ['results'],
        operationId: 'listResults',
        summary: 'Page through the results of a job, in order of number',
        description:
          'Each accepted number has one row, once it is answered. For all of them at once, export the job.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema }),
        querystring: resultQuerySchema,
        response: {
          200: resultPageSchema,
          ...problemResponses([
            ...everywhere,
            'not_found',
            'rows_dropped',
            'invalid_request',
            'invalid_cursor',
          ]),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { limit, outcome = null } = request.query;
      const { tenantId } = keyOf(request);
      const cursor = readCursor('results', request.query.cursor);
      if (cursor.kind === 'invalid') return sendRefusal(request, reply, refuse('invalid_cursor'));
      const page = { after: cursor.after, limit: limit + 1, outcome };
      const found = await readResults(database, tenantId, id, page);
      if (found === null) return sendRefusal(request, reply, refuse('not_found'));
      if (found.isDropped) return sendRefusal(request, reply, refuse('rows_dropped'));
      const { state, rows } = found;
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      const nextCursor = last ? writeCursor('results', Number(last.number.slice(1))) : null;
      const isFinal = finalJobStates.some((final) => final === state);
      return sendJson(
        reply,
        `{"data":${resultsJson(shown)},"next_cursor":${JSON.stringify(nextCursor)},"final":${isFinal}}`,
      );
    },
  );
}

/** Text that is JSON already, of the route's schema; what a test of the contract holds it to. */
function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(json);
}
