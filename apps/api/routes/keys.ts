import { keyPageSchema, keyQuerySchema, ownKeySchema } from '@rollcall/contract';
import { type Database, listApiKeys, readTenantName, readUsage } from '@rollcall/db';
import { formatMoney, type Money, noMoney } from '@rollcall/domain';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { readCursor, writeCursor } from '../cursor.ts';
import { keyViewOf, limitsViewOf } from '../key-view.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

/** `GET /v1/keys` and `GET /v1/key`. */
export async function keyRoutes(
  plain: FastifyInstance,
  { database }: { readonly database: Database },
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  const scope = 'admin';
  const tags = ['keys'];
  const security = [{ key: [] }];
  app.get(
    '/keys',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'listKeys',
        summary: 'List API keys, newest first',
        description: 'Those that are expired or revoked too; never the keys themselves.',
        security,
        querystring: keyQuerySchema,
        response: {
          200: keyPageSchema,
          ...problemResponses([...everywhere, 'invalid_request', 'invalid_cursor']),
        },
      },
    },
    async (request, reply) => {
      const { limit } = request.query;
      const cursor = readCursor('keys', request.query.cursor);
      if (cursor.kind === 'invalid') return sendRefusal(request, reply, refuse('invalid_cursor'));
      const page = { before: cursor.after, limit: limit + 1 };
      const rows = await listApiKeys(database, keyOf(request).tenantId, page);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return reply.send({
        data: shown.map(keyViewOf),
        next_cursor: last ? writeCursor('keys', last.id) : null,
      });
    },
  );
  app.get(
    '/key',
    {
      config: { scope: 'any' },
      schema: {
        tags,
        operationId: 'getOwnKey',
        summary: 'Show the key that asks',
        description:
          'Any key may: what it is called, what it may do, whose jobs it sees, and what of its limits is left today.',
        security,
        response: { 200: ownKeySchema, ...problemResponses(everywhere) },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { id, name, scopes, tenantId, expiresAt } = key;
      const tenant = await readTenantName(database, tenantId);
      if (tenant === null) throw new Error('a key belongs to no tenant');
      const used = await readUsage(database, tenantId, key.family);
      return reply.send({
        id,
        name,
        scopes: [...scopes],
        tenant,
        expires_at: expiresAt?.toISOString() ?? null,
        limits: limitsViewOf(key),
        today: {
          numbers: used.numbers,
          numbers_left:
            key.numbersPerDay === null ? null : Math.max(0, key.numbersPerDay - used.numbers),
          costs: used.costs.map(({ currency, cost }) => ({
            currency,
            cost: formatMoney(cost),
            left: key.costPerDay === null ? null : formatMoney(left(key.costPerDay, cost)),
          })),
          resets_in_s: used.resets_s,
        },
      });
    },
  );
}

/** A limit may have been lowered below what is used. */
function left(limit: Money, used: Money): Money {
  return used >= limit ? noMoney : ((limit - used) as Money);
}
