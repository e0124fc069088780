import { randomBytes } from 'node:crypto';
import { erasureIdSchema, erasureSchema, onRequestOfQuerySchema } from '@rollcall/contract';
import { askErasure, type Database, type ErasureRow, readErasure } from '@rollcall/db';
import { digitsOf, makeId, type PhoneNumber } from '@rollcall/domain';
import type { NumberDigests } from '@rollcall/privacy';
import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { erasureViewOf } from '../erasure-view.ts';
import { namedKey } from '../named-key.ts';
import { headersNamed } from '../openapi/response-headers.ts';
import { askErasureBody, phoneNumberInPath } from '../phone-numbers-asked.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, ofJsonBody, problemResponses } from './problem-responses.ts';

interface ErasureDependencies {
  readonly database: Database;
  readonly digests: NumberDigests;
  readonly log: Logger;
}

/** `POST /v1/erasures`, `DELETE /v1/numbers/{number}` and `GET /v1/erasures/{id}`. Asked for here; a worker does it. */
export async function erasureRoutes(
  plain: FastifyInstance,
  { database, digests, log }: ErasureDependencies,
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  const scope = 'admin';
  const tags = ['privacy'];
  const security = [{ key: [] }];
  const ask = async (
    request: FastifyRequest,
    number: PhoneNumber,
    said: { readonly reason: string; readonly requested_by: string },
  ): Promise<ErasureRow> => {
    const key = keyOf(request);
    const wish = {
      id: makeId('erasure', Date.now(), randomBytes(10)),
      tenantId: key.tenantId,
      number: digitsOf(number),
      askedBy: namedKey(key),
      requestedBy: said.requested_by,
      reason: said.reason,
    };
    const { id, isNew } = await database.transaction('erasure.ask', (tx) =>
      askErasure(tx, wish, digests),
    );
    if (isNew) log.info('erasure.asked', { request: request.id, erasure: id, api_key: key.id });
    const receipt = await readErasure(database, key.tenantId, id);
    if (!receipt) throw new Error('an erasure that was just asked for is not there');
    return receipt;
  };
  // Anew for each: the document is made by writing into them.
  const accepted = () => ({
    description: 'A worker erases it; `Location` names the receipt.',
    headers: headersNamed('location'),
    content: { 'application/json': { schema: erasureSchema } },
  });
  const does =
    'From all rows and files of the tenant, within seconds where files are few and within 72 hours in any case; counts and costs stay. It is put on the ' +
    'suppression list, so that it is never sent again. The answer is a receipt, which `Location` names; asked for again while it waits, it is the same one.';
  app.post(
    '/erasures',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'askErasure',
        summary: 'Erase a number, named in the body',
        description: does,
        security,
        body: askErasureBody,
        response: {
          202: accepted(),
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
      const receipt = await ask(request, request.body.number, request.body);
      return reply
        .code(202)
        .header('location', `/v1/erasures/${receipt.id}`)
        .send(erasureViewOf(receipt));
    },
  );
  app.delete(
    '/numbers/:number',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'eraseNumber',
        summary: 'Erase a number',
        description: `${does} Proxies write paths into their logs: POST /v1/erasures has the number in its body.`,
        security,
        params: phoneNumberInPath,
        querystring: onRequestOfQuerySchema,
        response: {
          202: accepted(),
          ...problemResponses([...everywhere, 'invalid_request', 'suppression_not_configured']),
        },
      },
    },
    async (request, reply) => {
      if (digests.currentId === null) {
        return sendRefusal(request, reply, refuse('suppression_not_configured'));
      }
      const receipt = await ask(request, request.params.number, request.query);
      return reply
        .code(202)
        .header('location', `/v1/erasures/${receipt.id}`)
        .send(erasureViewOf(receipt));
    },
  );
  app.get(
    '/erasures/:id',
    {
      config: { scope },
      schema: {
        tags,
        operationId: 'getErasure',
        summary: 'Show the receipt of an erasure',
        description: 'What was removed and which files were written anew; no number.',
        security,
        params: z.object({ id: erasureIdSchema }),
        response: { 200: erasureSchema, ...problemResponses([...everywhere, 'not_found']) },
      },
    },
    async (request, reply) => {
      const receipt = await readErasure(database, keyOf(request).tenantId, request.params.id);
      if (!receipt) return sendRefusal(request, reply, refuse('not_found'));
      return reply.send(erasureViewOf(receipt));
    },
  );
}
