import {
  chunkIdSchema,
  chunkPageSchema,
  chunkQuerySchema,
  jobIdSchema,
  wholeChunkSchema,
} from '@rollcall/contract';
import { type Database, readChunks, readJobState } from '@rollcall/db';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { chunkOf } from '../chunk-view.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { readWholeChunk } from '../read-whole-chunk.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

const scope = 'jobs:read';

/** `GET /v1/jobs/{id}/chunks`, `GET /v1/jobs/{id}/chunks/{chunk_id}` and `GET /v1/chunks/{chunk_id}` */
export async function chunkRoutes(
  plain: FastifyInstance,
  { database }: { readonly database: Database },
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  app.get(
    '/jobs/:id/chunks',
    {
      config: { scope },
      schema: {
        tags: ['chunks'],
        operationId: 'listChunks',
        summary: 'Page through the chunks of a job',
        description: 'A chunk is a part of the job that is sent in one upload.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema }),
        querystring: chunkQuerySchema,
        response: {
          200: chunkPageSchema,
          ...problemResponses([...everywhere, 'not_found', 'invalid_request', 'invalid_cursor']),
        },
      },
    },
    async (request, reply) => {
      const { limit, state = null } = request.query;
      const { tenantId } = keyOf(request);
      const { id } = request.params;
      const cursor = readCursor('chunks', request.query.cursor);
      if (cursor.kind === 'invalid') return sendRefusal(request, reply, refuse('invalid_cursor'));
      if ((await readJobState(database, tenantId, id)) === null) {
        return sendRefusal(request, reply, refuse('not_found'));
      }
      const page = { after: cursor.after, limit: limit + 1, state };
      const rows = await readChunks(database, tenantId, id, page);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return reply.send({
        data: shown.map(chunkOf),
        next_cursor: last ? writeCursor('chunks', last.chunk_no) : null,
      });
    },
  );
  app.get(
    '/jobs/:id/chunks/:chunk_id',
    {
      config: { scope },
      schema: {
        tags: ['chunks'],
        operationId: 'getChunk',
        summary: 'Show a chunk with its attempts, decisions and latest polls',
        description:
          'Each attempt is one try at the upload, the unit of money; the latest 20 polls say how the provider came along.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema, chunk_id: chunkIdSchema }),
        response: { 200: wholeChunkSchema, ...problemResponses([...everywhere, 'not_found']) },
      },
    },
    async (request, reply) => {
      const { tenantId } = keyOf(request);
      const { id, chunk_id: chunkId } = request.params;
      const chunk = await readWholeChunk(database, tenantId, chunkId, id);
      return chunk ? reply.send(chunk) : sendRefusal(request, reply, refuse('not_found'));
    },
  );
  app.get(
    '/chunks/:chunk_id',
    {
      config: { scope },
      schema: {
        tags: ['chunks'],
        operationId: 'findChunk',
        summary: 'Show a chunk by its id alone',
        description: 'The same as under its job, for whoever knows the id of the chunk only.',
        security: [{ key: [] }],
        params: z.object({ chunk_id: chunkIdSchema }),
        response: { 200: wholeChunkSchema, ...problemResponses([...everywhere, 'not_found']) },
      },
    },
    async (request, reply) => {
      const { tenantId } = keyOf(request);
      const chunk = await readWholeChunk(database, tenantId, request.params.chunk_id, null);
      return chunk ? reply.send(chunk) : sendRefusal(request, reply, refuse('not_found'));
    },
  );
}
