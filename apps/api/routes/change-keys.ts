import { createHash } from 'node:crypto';
import {
  changeKeyBodySchema,
  createKeyBodySchema,
  idempotencyKeySchema,
  keyIdSchema,
  keySchema,
  newKeySchema,
  rotatedKeySchema,
  rotateKeyBodySchema,
} from '@rollcall/contract';
import {
  changeApiKey,
  createApiKey,
  createApiKeyOnce,
  type Database,
  type KeyLimits,
  type MadeOnce,
  revokeApiKey,
  rotateApiKey,
} from '@rollcall/db';
import { parseMoney } from '@rollcall/domain';
import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { keyViewOf } from '../key-view.ts';
import { namedKey } from '../named-key.ts';
import { letBodiesBeAbsent } from '../optional-body.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, ofJsonBody, problemResponses } from './problem-responses.ts';

interface KeyDependencies {
  readonly database: Database;
  readonly log: Logger;
}

/**
 * `POST /v1/keys`, `PATCH` and `DELETE /v1/keys/{id}`, `POST /v1/keys/{id}/rotate`. Only `admin` makes keys, and `admin` has every scope: no key
 * makes one that may do more than itself. Each request looks its key up, so a revoked one ends at once.
 */
export async function changeKeyRoutes(
  plain: FastifyInstance,
  { database, log }: KeyDependencies,
): Promise<void> {
  letBodiesBeAbsent(plain);
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  const scope = 'admin';
  const tags = ['keys'];
  const security = [{ key: [] }];
  const params = z.object({ id: keyIdSchema });
  app.post(
    '/keys',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'createKey',
        summary: 'Make an API key',
        description:
          'The answer is the only place that ever shows the key; a digest of it is stored. With an Idempotency-Key one key at most comes of ' +
          'it: sent again, the one that was made before is revoked where nobody has used it, and another is made.',
        security,
        headers: z.object({ 'idempotency-key': idempotencyKeySchema.optional() }),
        body: createKeyBodySchema,
        response: {
          201: {
            description: 'The key was made.',
            content: { 'application/json': { schema: newKeySchema } },
          },
          ...problemResponses([
            ...everywhere,
            ...ofJsonBody,
            'key_in_use',
            'invalid_request',
            'idempotency_key_reused',
          ]),
        },
      },
    },
    async (request, reply) => {
      const { name, scopes, expires_at: expires = null, ...limits } = request.body;
      const expiresAt = expires === null ? null : new Date(expires);
      if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
        const error = {
          in: 'body',
          pointer: '/expires_at',
          message: 'write a time to come',
        } as const;
        return sendRefusal(request, reply, refuse('invalid_request', { errors: [error] }));
      }
      const by = keyOf(request);
      const whose = { tenantId: by.tenantId, actor: namedKey(by) };
      const asked = { ...whose, name, scopes, expiresAt, ...limitsOf(limits) };
      const idempotencyKey = request.headers['idempotency-key'];
      const made: MadeOnce =
        idempotencyKey === undefined
          ? { kind: 'made', key: await createApiKey(database, asked) }
          : await createApiKeyOnce(database, asked, {
              key: idempotencyKey,
              fingerprint: createHash('sha256').update(JSON.stringify(request.body)).digest(),
            });
      if (made.kind === 'other_body') {
        return sendRefusal(request, reply, refuse('idempotency_key_reused'));
      }
      if (made.kind === 'in_use') {
        return sendRefusal(request, reply, refuse('key_in_use', { detail: inUse(made.id) }));
      }
      log.info('key.made', { request: request.id, api_key: made.key.id });
      // What holds a secret is kept by nobody on the way.
      void reply.header('cache-control', 'no-store');
      return reply.code(201).send({ ...keyViewOf(made.key), key: made.key.key });
    },
  );
  app.post(
    '/keys/:id/rotate',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'rotateKey',
        summary: 'Make a key that takes the place of another',
        description:
          'The new key has the name, the scopes, the limits and the length of life of the old one, which still works for `overlap_s`. Sent again ' +
          'after an answer that was lost, the new key that nobody has used is revoked, and another is made.',
        security,
        params,
        body: {
          required: false,
          content: { 'application/json': { schema: rotateKeyBodySchema } },
        },
        response: {
          201: {
            description: 'The new key was made.',
            content: { 'application/json': { schema: rotatedKeySchema } },
          },
          ...problemResponses([
            ...everywhere,
            ...ofJsonBody,
            'not_found',
            'key_ended',
            'key_in_use',
            'invalid_request',
          ]),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { overlap_s } = request.body ?? rotateKeyBodySchema.parse({});
      const by = keyOf(request);
      const actor = namedKey(by);
      const rotated = await rotateApiKey(database, by.tenantId, id, overlap_s, actor);
      if (rotated.kind === 'not_found') return sendRefusal(request, reply, refuse('not_found'));
      if (rotated.kind === 'ended') return sendRefusal(request, reply, refuse('key_ended'));
      if (rotated.kind === 'in_use') {
        return sendRefusal(request, reply, refuse('key_in_use', { detail: inUse(rotated.id) }));
      }
      log.info('key.rotated', { request: request.id, api_key: rotated.key.id });
      void reply.header('cache-control', 'no-store');
      return reply.code(201).send({
        ...keyViewOf(rotated.key),
        rotated_from: id,
        old_key_ends_at: rotated.oldEndsAt.toISOString(),
        key: rotated.key.key,
      });
    },
  );
  app.patch(
    '/keys/:id',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'changeKey',
        summary: 'Change the name or the limits of an API key',
        description:
          'What is absent stays as it is, and null takes a limit away. Limits are changed on all valid keys of its rotation. What a key may do does not change: that is another key.',
        security,
        params,
        body: changeKeyBodySchema,
        response: {
          200: {
            description: 'The key as it is now.',
            content: { 'application/json': { schema: keySchema } },
          },
          ...problemResponses([...everywhere, ...ofJsonBody, 'not_found', 'invalid_request']),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { name, ...limits } = request.body;
      const change = { ...limitsOf(limits), ...(name !== undefined && { name }) };
      const by = keyOf(request);
      const row = await changeApiKey(database, by.tenantId, id, change, namedKey(by));
      if (!row) return sendRefusal(request, reply, refuse('not_found'));
      log.info('key.changed', { request: request.id, api_key: id });
      return reply.send(keyViewOf(row));
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
          'It opens nothing from the next request on; streams, exports and dashboard sessions that it opened end within 5 s. A key that is ' +
          'revoked already stays so. The last admin key of a tenant stays.',
        security,
        params,
        response: {
          204: { description: 'The key opens nothing.' },
          ...problemResponses([...everywhere, 'not_found', 'last_admin_key']),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const by = keyOf(request);
      const ended = await revokeApiKey(database, by.tenantId, id, namedKey(by));
      if (ended !== 'revoked') {
        const code = ended === 'not_found' ? ended : 'last_admin_key';
        return sendRefusal(request, reply, refuse(code));
      }
      log.info('key.revoked', { request: request.id, api_key: id });
      return reply.code(204).send();
    },
  );
}

function inUse(id: string): string {
  return `${id} was made before and is in use. Use that one or rotate it; a key is told once.`;
}

/** What a body says of limits; what it does not name is left out. */
function limitsOf(body: {
  readonly requests_per_minute?: number | null | undefined;
  readonly numbers_per_day?: number | null | undefined;
  readonly cost_per_day?: string | null | undefined;
}): Partial<KeyLimits> {
  const { requests_per_minute: requests, numbers_per_day: numbers, cost_per_day: cost } = body;
  return {
    ...(requests !== undefined && { requestsPerMinute: requests }),
    ...(numbers !== undefined && { numbersPerDay: numbers }),
    ...(cost !== undefined && { costPerDay: cost === null ? null : parseMoney(cost) }),
  };
}
