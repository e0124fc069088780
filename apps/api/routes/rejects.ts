import { jobIdSchema, rejectPageSchema, rejectQuerySchema } from '@rollcall/contract';
import { type Database, readJobState, readRejects } from '@rollcall/db';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { readCursor, writeCursor } from '../cursor.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { refuseDropped } from '../refuse-dropped.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

/** `GET /v1/jobs/{id}/rejects` */
export async function rejectRoutes(
  plain: FastifyInstance,
  { database }: { readonly database: Database },
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  app.get(
    '/jobs/:id/rejects',
    {
      config: { scope: 'results:read', reads: 'rejects' },
      schema: {
        tags: ['results'],
        operationId: 'listRejects',
        summary: 'Page through the rejected lines of a job',
        description:
          'Lines of the upload that hold no valid number; what each reason means stands in docs/api.md.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema }),
        querystring: rejectQuerySchema,
        response: {
          200: rejectPageSchema,
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
      const { limit } = request.query;
      const { tenantId } = keyOf(request);
      const cursor = readCursor('rejects', request.query.cursor);
      if (cursor.kind === 'invalid') return sendRefusal(request, reply, refuse('invalid_cursor'));
      if ((await readJobState(database, tenantId, id)) === null) {
        return sendRefusal(request, reply, refuse('not_found'));
      }
      const dropped = await refuseDropped(database, tenantId, id, 'rows');
      if (dropped) return sendRefusal(request, reply, dropped);
      const page = { after: cursor.after, limit: limit + 1 };
      const rows = await readRejects(database, tenantId, id, page);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return reply.send({
        data: [...shown],
        next_cursor: last ? writeCursor('rejects', last.line) : null,
      });
    },
  );
}
