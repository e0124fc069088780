import {
  removeSuppressionQuerySchema,
  suppressionListSchema,
  suppressionsAddedSchema,
  suppressionsRemovedSchema,
} from '@rollcall/contract';
import {
  addSuppressions,
  appendAudit,
  countSecretUses,
  countSuppressions,
  type Database,
  removeSuppressions,
  type SuppressionsRemoved,
} from '@rollcall/db';
import { digitsOf } from '@rollcall/domain';
import type { NumberDigests } from '@rollcall/privacy';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { namedKey } from '../named-key.ts';
import {
  addSuppressionsBody,
  phoneNumberInPath,
  removeSuppressionsBody,
} from '../phone-numbers-asked.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { suppressionListViewOf } from '../suppression-view.ts';
import { fieldError } from '../validation-errors.ts';
import { everywhere, ofJsonBody, problemResponses } from './problem-responses.ts';

interface SuppressionDependencies {
  readonly database: Database;
  readonly digests: NumberDigests;
}

/** `GET` and `POST /v1/suppressions`, `POST /v1/suppressions/remove`, `DELETE /v1/suppressions/{number}`: the numbers that a tenant must not send. */
export async function suppressionRoutes(
  plain: FastifyInstance,
  { database, digests }: SuppressionDependencies,
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  const scope = 'admin';
  const tags = ['privacy'];
  const security = [{ key: [] }];
  /** Each number once. */
  const remove = (
    request: FastifyRequest,
    numbers: readonly number[],
    said: { readonly reason: string; readonly requested_by: string },
    endsErasures: boolean,
  ): Promise<SuppressionsRemoved> => {
    const key = keyOf(request);
    return database.transaction('suppression.remove', async (tx) => {
      const removed = await removeSuppressions(tx, key.tenantId, numbers, digests, {
        endsErasures,
      });
      if (removed.kind === 'of_erasures') return removed;
      await appendAudit(tx, {
        tenantId: key.tenantId,
        actor: namedKey(key),
        action: 'suppression.removed',
        subject: null,
        purpose: said.reason,
        counts: { numbers: numbers.length, removed: removed.count },
        detail: { requested_by: said.requested_by, ...(endsErasures && { erasure: 'true' }) },
      });
      return removed;
    });
  };
  app.get(
    '/suppressions',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'getSuppressions',
        summary: 'Count the numbers that are not sent',
        description:
          'The list keeps no number, only its HMAC under a secret that the database does not have; so it is counted, and never shown.',
        security,
        response: { 200: suppressionListSchema, ...problemResponses(everywhere) },
      },
    },
    async (request, reply) => {
      const { tenantId } = keyOf(request);
      const list = await countSuppressions(database, tenantId);
      const uses = await countSecretUses(database, tenantId);
      return reply.send(suppressionListViewOf(list, uses, digests.currentId));
    },
  );
  app.post(
    '/suppressions',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'addSuppressions',
        summary: 'Put numbers on the suppression list',
        description:
          'They are not sent any more: neither in jobs to come nor in what of a job is not on the wire yet, where they end as `suppressed`. Sent twice, it changes nothing.',
        security,
        body: addSuppressionsBody,
        response: {
          200: suppressionsAddedSchema,
          ...problemResponses([
            ...everywhere,
            ...ofJsonBody,
            'invalid_request',
            'suppression_not_configured',
          ]),
        },
      },
    },
    async (request, reply) => {
      if (digests.currentId === null) {
        return sendRefusal(request, reply, refuse('suppression_not_configured'));
      }
      const { reason, requested_by } = request.body;
      const key = keyOf(request);
      const numbers = new Set(request.body.numbers.map(digitsOf));
      const added = await database.transaction('suppression.add', async (tx) => {
        const fresh = await addSuppressions(tx, key.tenantId, [...numbers], digests, 'objection');
        await appendAudit(tx, {
          tenantId: key.tenantId,
          actor: namedKey(key),
          action: 'suppression.added',
          subject: null,
          purpose: reason,
          counts: { numbers: numbers.size, added: fresh },
          detail: { requested_by },
        });
        return fresh;
      });
      return reply.send({ added, known: numbers.size - added });
    },
  );
  app.post(
    '/suppressions/remove',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'removeSuppressions',
        summary: 'Take numbers off the suppression list, named in the body',
        description:
          'From then on they are sent again, in jobs to come. Those that an erasure put there are taken off with `erasure` alone; without it the answer names where they stand, and none is taken off.',
        security,
        body: removeSuppressionsBody,
        response: {
          200: suppressionsRemovedSchema,
          ...problemResponses([
            ...everywhere,
            ...ofJsonBody,
            'invalid_request',
            'suppression_not_configured',
          ]),
        },
      },
    },
    async (request, reply) => {
      if (digests.currentId === null) {
        return sendRefusal(request, reply, refuse('suppression_not_configured'));
      }
      const { numbers, erasure = false, ...said } = request.body;
      const given = numbers.map(digitsOf);
      const each = [...new Set(given)];
      const removed = await remove(request, each, said, erasure);
      if (removed.kind === 'of_erasures') {
        const message =
          'it was erased: with erasure = true it is taken off, which ends the promise that it is never sent again; none was taken off';
        const kept = new Set(removed.at.map((at) => each[at]));
        const errors = given.flatMap((number, at) =>
          kept.has(number) ? [fieldError('body', ['numbers', String(at)], message)] : [],
        );
        return sendRefusal(request, reply, refuse('invalid_request', { errors }));
      }
      return reply.send({ removed: removed.count, unknown: each.length - removed.count });
    },
  );
  app.delete(
    '/suppressions/:number',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'removeSuppression',
        summary: 'Take a number off the suppression list',
        description:
          'From then on it is sent again, in jobs to come. One that an erasure put there is taken off with `erasure=true` alone. Proxies write paths into their logs: POST /v1/suppressions/remove has numbers in its body.',
        security,
        params: phoneNumberInPath,
        querystring: removeSuppressionQuerySchema,
        response: {
          200: suppressionsRemovedSchema,
          ...problemResponses([...everywhere, 'invalid_request', 'suppression_not_configured']),
        },
      },
    },
    async (request, reply) => {
      if (digests.currentId === null) {
        return sendRefusal(request, reply, refuse('suppression_not_configured'));
      }
      const { erasure, ...said } = request.query;
      const number = digitsOf(request.params.number);
      const removed = await remove(request, [number], said, erasure === 'true');
      if (removed.kind === 'of_erasures') {
        const message =
          'write true: it was erased, and this ends the promise that it is never sent again';
        const errors = [fieldError('query', ['erasure'], message)];
        return sendRefusal(request, reply, refuse('invalid_request', { errors }));
      }
      return reply.send({ removed: removed.count, unknown: 1 - removed.count });
    },
  );
}
