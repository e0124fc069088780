import {
  chunkIdSchema,
  jobIdSchema,
  replayChunkSchema,
  replayedJobSchema,
  replayedRowPageSchema,
  replayIdSchema,
  replayJobSchema,
  replayPageSchema,
  replayQuerySchema,
  replaySchema,
} from '@rollcall/contract';
import {
  type Database,
  listReplays,
  readJobState,
  readReplay,
  readReplayedRows,
} from '@rollcall/db';
import { type ChunkId, parseId } from '@rollcall/domain';
import type { Queues } from '@rollcall/queue';
import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { readCursor, writeCursor } from '../cursor.ts';
import { headersNamed } from '../openapi/response-headers.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { replayOneChunk, replayWholeJob } from '../replay-chunks.ts';
import { replayedRowOf, replayOf } from '../replay-view.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, ofJsonBody, problemResponses } from './problem-responses.ts';

interface ReplayRouteOptions {
  readonly database: Database;
  readonly queues: Queues;
  readonly log: Logger;
}

/**
 * `POST /v1/chunks/{chunk_id}/replay`, `POST /v1/jobs/{id}/replay`, `GET /v1/jobs/{id}/replays`, `GET /v1/replays/{replay_id}` and
 * `GET /v1/replays/{replay_id}/rows`
 */
export async function replayRoutes(
  plain: FastifyInstance,
  { database, queues, log }: ReplayRouteOptions,
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  app.post(
    '/chunks/:chunk_id/replay',
    {
      config: { scope: 'holds:resolve' },
      schema: {
        tags: ['replays'],
        operationId: 'replayChunk',
        summary: 'Read the kept result file of a chunk again',
        description:
          'A worker reads it with the account’s settings of now. Nothing is downloaded and nothing is paid. While one of the chunk is open, ' +
          'the same call answers with that one.',
        security: [{ key: [] }],
        params: z.object({ chunk_id: chunkIdSchema }),
        body: replayChunkSchema,
        response: {
          202: {
            description: 'A worker will read it; `Location` names the replay.',
            headers: headersNamed('location'),
            content: { 'application/json': { schema: replaySchema } },
          },
          ...problemResponses([
            ...everywhere,
            ...ofJsonBody,
            'not_found',
            'chunk_without_result',
            'artifact_gone',
            'chunk_not_replayable',
            'replay_running',
            'invalid_request',
          ]),
        },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const chunkId = parseId('chunk', request.params.chunk_id) as ChunkId;
      const { reason, apply = false } = request.body;
      const asked = await replayOneChunk({ database, queues, log }, chunkId, {
        key,
        reason,
        apply,
      });
      if (asked.kind === 'refused') return sendRefusal(request, reply, asked);
      const row = await readReplay(database, key.tenantId, asked.replayId);
      if (!row) throw new Error('a replay that was just stored is not there');
      return reply.code(202).header('location', `/v1/replays/${row.id}`).send(replayOf(row));
    },
  );
  app.post(
    '/jobs/:id/replay',
    {
      config: { scope: 'holds:resolve' },
      schema: {
        tags: ['replays'],
        operationId: 'replayJob',
        summary: 'Read the kept result files of all chunks of a job again',
        description:
          'As for one chunk. It takes 500 chunks in a call; where there are more, `next_after` says where the next call goes on.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema }),
        body: replayJobSchema,
        response: {
          202: {
            description: 'Workers will read them; `Location` lists the replays of the job.',
            headers: headersNamed('location'),
            content: { 'application/json': { schema: replayedJobSchema } },
          },
          ...problemResponses([...everywhere, ...ofJsonBody, 'not_found', 'invalid_request']),
        },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { id } = request.params;
      const { reason, apply = false, account = null, after = 0 } = request.body;
      if ((await readJobState(database, key.tenantId, id)) === null) {
        return sendRefusal(request, reply, refuse('not_found'));
      }
      const which = { account, after };
      const wish = { key, reason, apply };
      const asked = await replayWholeJob({ database, queues, log }, id, which, wish);
      return reply
        .code(202)
        .header('location', `/v1/jobs/${id}/replays`)
        .send({ job_id: id, ...asked });
    },
  );
  app.get(
    '/jobs/:id/replays',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['replays'],
        operationId: 'listReplays',
        summary: 'Page through the replays of a job, the newest first',
        description: 'Every one stays, those that changed nothing and those that failed included.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema }),
        querystring: replayQuerySchema,
        response: {
          200: replayPageSchema,
          ...problemResponses([...everywhere, 'not_found', 'invalid_request', 'invalid_cursor']),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = keyOf(request);
      const { id } = request.params;
      const { limit } = request.query;
      const cursor = readCursor('replays', request.query.cursor);
      if (cursor.kind === 'invalid') return sendRefusal(request, reply, refuse('invalid_cursor'));
      if ((await readJobState(database, tenantId, id)) === null) {
        return sendRefusal(request, reply, refuse('not_found'));
      }
      const page = { before: cursor.after, limit: limit + 1 };
      const rows = await listReplays(database, tenantId, id, page);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return reply.send({
        data: shown.map(replayOf),
        next_cursor: last ? writeCursor('replays', last.replay_no) : null,
      });
    },
  );
  app.get(
    '/replays/:replay_id',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['replays'],
        operationId: 'getReplay',
        summary: 'Show a replay with its difference',
        description: 'The numbers that it is about: its `rows`, with the scope results:read.',
        security: [{ key: [] }],
        params: z.object({ replay_id: replayIdSchema }),
        response: { 200: replaySchema, ...problemResponses([...everywhere, 'not_found']) },
      },
    },
    async (request, reply) => {
      const { tenantId } = keyOf(request);
      const row = await readReplay(database, tenantId, request.params.replay_id);
      return row ? reply.send(replayOf(row)) : sendRefusal(request, reply, refuse('not_found'));
    },
  );
  app.get(
    '/replays/:replay_id/rows',
    {
      config: { scope: 'results:read', reads: 'replayed_rows' },
      schema: {
        tags: ['replays'],
        operationId: 'listReplayedRows',
        summary: 'Page through the rows that differ, in order of number',
        description: 'None until the replay is done, and none of one that failed.',
        security: [{ key: [] }],
        params: z.object({ replay_id: replayIdSchema }),
        querystring: replayQuerySchema,
        response: {
          200: replayedRowPageSchema,
          ...problemResponses([...everywhere, 'not_found', 'invalid_request', 'invalid_cursor']),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = keyOf(request);
      const { replay_id: replayId } = request.params;
      const { limit } = request.query;
      const cursor = readCursor('replayed_rows', request.query.cursor);
      if (cursor.kind === 'invalid') return sendRefusal(request, reply, refuse('invalid_cursor'));
      if (!(await readReplay(database, tenantId, replayId))) {
        return sendRefusal(request, reply, refuse('not_found'));
      }
      const page = { after: cursor.after, limit: limit + 1 };
      const rows = await readReplayedRows(database, tenantId, replayId, page);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return reply.send({
        data: shown.map(replayedRowOf),
        next_cursor: last ? writeCursor('replayed_rows', Number(last.number.slice(1))) : null,
      });
    },
  );
}
