import {
  chunkIdSchema,
  holdPageSchema,
  holdQuerySchema,
  idempotencyKeySchema,
  resolvedHoldsSchema,
  resolveHoldsBodySchema,
  resolvedHoldSchema,
  resolveHoldBodySchema,
  wholeHoldSchema,
} from '@rollcall/contract';
import { anyHold, type Database, listHolds, sumHolds } from '@rollcall/db';
import { type ChunkId, parseId } from '@rollcall/domain';
import type { Queues } from '@rollcall/queue';
import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { chunkOf } from '../chunk-view.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { decisionOf, holdOf } from '../hold-view.ts';
import type { AccountBook } from '../intake/choose-account.ts';
import { shortAmount } from '../job-view.ts';
import { readWholeHold } from '../read-whole-chunk.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { resolveHold } from '../resolve-hold.ts';
import { resolveHolds } from '../resolve-holds.ts';
import { everywhere, ofJsonBody, problemResponses } from './problem-responses.ts';

const params = z.object({ chunk_id: chunkIdSchema });

interface HoldRouteOptions {
  readonly database: Database;
  readonly queues: Queues;
  readonly accounts: AccountBook;
  readonly log: Logger;
}

/** `GET /v1/holds`, `GET /v1/holds/{chunk_id}`, `POST /v1/holds/{chunk_id}/resolve` and `POST /v1/holds/resolve` */
export async function holdRoutes(
  plain: FastifyInstance,
  { database, queues, accounts, log }: HoldRouteOptions,
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  app.get(
    '/holds',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['holds'],
        operationId: 'listHolds',
        summary: 'Page through the chunks that wait for a person, the oldest first',
        description: '`totals` count what the filters name, on all pages.',
        security: [{ key: [] }],
        querystring: holdQuerySchema,
        response: {
          200: holdPageSchema,
          ...problemResponses([...everywhere, 'invalid_request', 'invalid_cursor']),
        },
      },
    },
    async (request, reply) => {
      const { limit, account = null, job = null, reason = null, check = null } = request.query;
      const { tenantId } = keyOf(request);
      const cursor = readCursor('holds', request.query.cursor);
      if (cursor.kind === 'invalid') return sendRefusal(request, reply, refuse('invalid_cursor'));
      const filter = { ...anyHold, account, jobId: job, reason, checkName: check };
      const [rows, sums] = await Promise.all([
        listHolds(database, tenantId, filter, { after: cursor.after, limit: limit + 1 }),
        sumHolds(database, tenantId, filter),
      ]);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return reply.send({
        data: shown.map(holdOf),
        next_cursor: last
          ? writeCursor('holds', { held_us: last.held_us, chunkId: last.chunk_id })
          : null,
        totals: {
          chunks: sums.reduce((sum, each) => sum + each.chunks, 0),
          numbers: sums.reduce((sum, each) => sum + each.numbers, 0),
          money_at_risk: amountsOf(sums, ({ in_doubt }) => in_doubt),
          money_paid: amountsOf(sums, ({ paid }) => paid),
        },
      });
    },
  );
  app.get(
    '/holds/:chunk_id',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['holds'],
        operationId: 'getHold',
        summary: 'Show a held chunk with its evidence and what may be decided',
        description:
          'Once it is decided, the chunk is no hold any more: `GET /v1/jobs/{id}/chunks/{chunk_id}` shows the decision.',
        security: [{ key: [] }],
        params,
        response: { 200: wholeHoldSchema, ...problemResponses([...everywhere, 'not_found']) },
      },
    },
    async (request, reply) => {
      const { tenantId } = keyOf(request);
      const { chunk_id: chunkId } = request.params;
      const hold = await readWholeHold(database, tenantId, chunkId);
      return hold ? reply.send(hold) : sendRefusal(request, reply, refuse('not_found'));
    },
  );
  app.post(
    '/holds/:chunk_id/resolve',
    {
      config: { scope: 'holds:resolve' },
      schema: {
        tags: ['holds'],
        operationId: 'resolveHold',
        summary: 'Decide on a held chunk',
        description:
          '`adopt` moves no money until a worker has asked the provider for the task and its size and time fit; where they do not, the chunk is ' +
          'held again and its `detail` says why. `pay_again` needs the scope approvals:write too. Repeating the latest decision changes nothing ' +
          'and answers 200 with `repeated`, as long as the chunk is not held again.',
        security: [{ key: [] }],
        params,
        body: resolveHoldBodySchema,
        response: {
          200: resolvedHoldSchema,
          ...problemResponses([
            ...everywhere,
            ...ofJsonBody,
            'not_found',
            'not_held',
            'decision_not_allowed',
            'task_in_use',
            'account_withdrawn',
            'invalid_request',
            'cost_ceiling_required',
            'cost_ceiling_too_low',
          ]),
        },
      },
    },
    async (request, reply) => {
      const chunkId = parseId('chunk', request.params.chunk_id) as ChunkId;
      const asked = { key: keyOf(request), chunkId, body: request.body };
      const resolved = await resolveHold({ database, queues, accounts, log }, asked);
      if (resolved.kind === 'refused') return sendRefusal(request, reply, resolved);
      return reply.send({
        chunk: chunkOf(resolved.chunk),
        decision: decisionOf(resolved.decision),
        repeated: resolved.repeated,
      });
    },
  );
  app.post(
    '/holds/resolve',
    {
      config: { scope: 'holds:resolve' },
      schema: {
        tags: ['holds'],
        operationId: 'resolveHolds',
        summary: 'Decide on all held chunks that a filter names',
        description:
          'Each chunk is decided as if alone, in a transaction of its own; the answer says what became of each. Look first with `dry_run`. ' +
          '`pay_again` needs the scope approvals:write, a `cost_ceiling` for all of them together, and an Idempotency-Key. Sent again under its key ' +
          'the call decides on what is left of what was held when it was sent first, and pays for nothing twice: that is also how to go on where ' +
          '`remaining` is not 0.',
        security: [{ key: [] }],
        headers: z.object({ 'idempotency-key': idempotencyKeySchema.optional() }),
        body: resolveHoldsBodySchema,
        response: {
          200: resolvedHoldsSchema,
          ...problemResponses([
            ...everywhere,
            ...ofJsonBody,
            'expected_count_differs',
            'invalid_request',
            'cost_ceiling_required',
            'cost_ceiling_too_low',
            'idempotency_key_reused',
          ]),
        },
      },
    },
    async (request, reply) => {
      const asked = {
        key: keyOf(request),
        body: request.body,
        idempotencyKey: request.headers['idempotency-key'],
      };
      const resolved = await resolveHolds({ database, queues, accounts, log }, asked);
      if (resolved.kind === 'refused') return sendRefusal(request, reply, resolved);
      return reply.send(resolved.answer);
    },
  );
}

/** Sums by currency, without those of nothing. */
function amountsOf(
  sums: Awaited<ReturnType<typeof sumHolds>>,
  amountIn: (sum: (typeof sums)[number]) => string,
) {
  return sums
    .map((sum) => ({ currency: sum.currency, amount: shortAmount(amountIn(sum)) }))
    .filter(({ amount }) => amount !== '0');
}
