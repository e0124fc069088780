import {
  createKeyBodySchema,
  keyIdSchema,
  keyPageSchema,
  keyQuerySchema,
  newKeySchema,
  ownKeySchema,
} from '@rollcall/contract';
import {
  createApiKey,
  type Database,
  listApiKeys,
  readTenantName,
  revokeApiKey,
} from '@rollcall/db';
import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { readCursor, writeCursor } from '../cursor.ts';
import { keyViewOf } from '../key-view.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

interface KeyDependencies {
  readonly database: Database;
  readonly log: Logger;
}

/**
 * `GET /v1/keys`, `POST /v1/keys`, `DELETE /v1/keys/{id}` and `GET /v1/key`. Only `admin` makes keys, and `admin` has every
 * scope: no key makes one that may do more than itself. Each request looks its key up, so a revoked one ends at once.
 */
export async function keyRoutes(
  plain: FastifyInstance,
  { database, log }: KeyDependencies,
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
  app.post(
    '/keys',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'createKey',
        summary: 'Make an API key',
        description:
          'The answer is the only place that ever shows the key; a digest of it is stored.',
        security,
        body: createKeyBodySchema,
        response: {
          201: {
            description: 'The key was made.',
            content: { 'application/json': { schema: newKeySchema } },
          },
          ...problemResponses([
            ...everywhere,
            'malformed_request',
            'body_too_large',
            'unsupported_media_type',
            'invalid_request',
          ]),
        },
      },
    },
    async (request, reply) => {
      const { name, scopes, expires_at: expires = null } = request.body;
      const expiresAt = expires === null ? null : new Date(expires);
      if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
        const error = {
          in: 'body',
          pointer: '/expires_at',
          message: 'write a time to come',
        } as const;
        return sendRefusal(request, reply, refuse('invalid_request', { errors: [error] }));
      }
      const made = await createApiKey(database, {
        tenantId: keyOf(request).tenantId,
        name,
        scopes,
        expiresAt,
      });
      log.info('key.made', { request: request.id, api_key: made.id });
      // What holds a secret is kept by nobody on the way.
      void reply.header('cache-control', 'no-store');
      return reply.code(201).send({ ...keyViewOf(made), key: made.key });
    },
  );
  app.delete(
    '/keys/:id',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'revokeKey',
        summary: 'Revoke an API key',
        description:
          'It opens nothing from the next request on. A key that is revoked already stays so.',
        security,
        params: z.object({ id: keyIdSchema }),
        response: {
          204: { description: 'The key opens nothing.' },
          ...problemResponses([...everywhere, 'not_found']),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const known = await revokeApiKey(database, keyOf(request).tenantId, id);
      if (!known) return sendRefusal(request, reply, refuse('not_found'));
      log.info('key.revoked', { request: request.id, api_key: id });
      return reply.code(204).send();
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
        description: 'Any key may: what it is called, what it may do, and whose jobs it sees.',
        security,
        response: { 200: ownKeySchema, ...problemResponses(everywhere) },
      },
    },
    async (request, reply) => {
      const { id, name, scopes, tenantId, expiresAt } = keyOf(request);
      const tenant = await readTenantName(database, tenantId);
      if (tenant === null) throw new Error('a key belongs to no tenant');
      return reply.send({
        id,
        name,
        scopes: [...scopes],
        tenant,
        expires_at: expiresAt?.toISOString() ?? null,
      });
    },
  );
}
