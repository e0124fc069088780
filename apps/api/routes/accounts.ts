import {
  accountIdSchema,
  accountListSchema,
  accountSchema,
  confirmSemanticsBodySchema,
  pauseAccountBodySchema,
  resumeAccountBodySchema,
} from '@rollcall/contract';
import {
  type ApiKey,
  appendAudit,
  confirmSemantics,
  type Database,
  nextReady,
  pauseAccount,
  resetBreaker,
  resumeAccount,
} from '@rollcall/db';
import type { Queues } from '@rollcall/queue';
import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { type AccountFacts, accountOf, adviceAfterAuth } from '../account-view.ts';
import type { AccountBook } from '../intake/choose-account.ts';
import { namedKey } from '../named-key.ts';
import { readAccountFacts } from '../read-account-facts.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, ofJsonBody, problemResponses } from './problem-responses.ts';

const params = z.object({ id: accountIdSchema });
const changeProblems = problemResponses([
  ...everywhere,
  ...ofJsonBody,
  'not_account_operator',
  'not_found',
  'account_not_known',
  'invalid_request',
]);

interface AccountRouteOptions {
  readonly database: Database;
  readonly queues: Queues;
  readonly accounts: AccountBook;
  readonly log: Logger;
}

/** Who changed the account, and why where they said so. */
function noteOf(key: ApiKey, why: string | undefined): string {
  return why === undefined ? namedKey(key) : `${namedKey(key)}: ${why}`;
}

/** The same for the audit trail: who changes an account is told of in the chain of the tenant that operates it, which is their own. */
function byOf(key: ApiKey, why: string | undefined) {
  return { tenantId: key.tenantId, actor: namedKey(key), why };
}

/** `GET /v1/accounts`, `GET /v1/accounts/{id}`, `POST /v1/accounts/{id}/pause`, `/resume` and `/confirm-semantics` */
export async function accountRoutes(
  plain: FastifyInstance,
  { database, queues, accounts, log }: AccountRouteOptions,
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  const factsOf = async (key: ApiKey, id: string): Promise<AccountFacts | null> => {
    const facts = await readAccountFacts(database, accounts, key.tenantId);
    return facts.find(({ configured }) => configured.id === id) ?? null;
  };
  /** Only who operates an account changes it for all, and only one that a worker has written down has a state that can be changed. */
  const changeableFactsOf = async (key: ApiKey, id: string) => {
    const facts = await factsOf(key, id);
    if (!facts) return { refused: refuse('not_found') };
    if (!facts.isOperator) return { refused: refuse('not_account_operator') };
    const { health } = facts;
    return health ? { ...facts, health, refused: null } : { refused: refuse('account_not_known') };
  };

  app.get(
    '/accounts',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['accounts'],
        operationId: 'listAccounts',
        summary: 'List the accounts: how they are, and what stops them',
        description:
          'As the accounts file names them, with what Postgres knows of each: what stops it, its balance, what is on its way and what it cost.',
        security: [{ key: [] }],
        response: { 200: accountListSchema, ...problemResponses(everywhere) },
      },
    },
    async (request, reply) => {
      const facts = await readAccountFacts(database, accounts, keyOf(request).tenantId);
      return reply.send({ data: facts.map(accountOf) });
    },
  );
  app.get(
    '/accounts/:id',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['accounts'],
        operationId: 'getAccount',
        summary: 'Show an account',
        description:
          'The same as in the list. What is null is not known: a provider that tells no balance has none.',
        security: [{ key: [] }],
        params,
        response: { 200: accountSchema, ...problemResponses([...everywhere, 'not_found']) },
      },
    },
    async (request, reply) => {
      const facts = await factsOf(keyOf(request), request.params.id);
      return facts
        ? reply.send(accountOf(facts))
        : sendRefusal(request, reply, refuse('not_found'));
    },
  );
  app.post(
    '/accounts/:id/pause',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['accounts'],
        operationId: 'pauseAccount',
        summary: 'Pause an account: nothing more is sent, what was sent is still polled and read',
        description:
          'Its chunks wait until it is resumed; jobs are still taken for it. Again: the same answer. The tenant that operates it pauses it, for all.',
        security: [{ key: [] }],
        params,
        body: pauseAccountBodySchema,
        response: { 200: accountSchema, ...changeProblems },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { id } = request.params;
      const before = await changeableFactsOf(key, id);
      if (before.refused) return sendRefusal(request, reply, before.refused);
      const note = noteOf(key, request.body?.reason);
      const paused = await database.transaction('accounts.pause', async (tx) => {
        const changed = await pauseAccount(tx, id, 'operator', note);
        const { why: purpose = null, ...who } = byOf(key, request.body?.reason);
        const entry = { ...who, purpose, action: 'account.paused', subject: id } as const;
        if (changed) await appendAudit(tx, { ...entry, detail: { reason: 'operator' } });
        return changed;
      });
      if (paused) {
        log.warn('account.paused', { account: id, reason: 'operator', api_key: key.id });
      }
      return reply.send(accountOf((await factsOf(key, id)) ?? before));
    },
  );
  app.post(
    '/accounts/:id/resume',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['accounts'],
        operationId: 'resumeAccount',
        summary: 'Let an account send again, and close its breaker',
        description:
          'An account that was paused because its key was refused needs its new key first: workers read keys when they start. What waits for a cap ' +
          'or for money at the provider is looked at again at once. Of an account that nothing had stopped nothing is written down.',
        security: [{ key: [] }],
        params,
        body: resumeAccountBodySchema,
        response: { 200: accountSchema, ...changeProblems },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { id } = request.params;
      const before = await changeableFactsOf(key, id);
      if (before.refused) return sendRefusal(request, reply, before.refused);
      const note = noteOf(key, request.body.reason);
      const by = byOf(key, request.body.reason);
      const resumed = await resumeAccount(database, id, note, by);
      const { state } = before.health.breaker;
      const breakerWasOpen = state === 'open' || state === 'half_open';
      if (breakerWasOpen) await resetBreaker(database, id, note, by);
      if (resumed || breakerWasOpen) {
        const reason = before.health.pausedReason ?? (breakerWasOpen ? 'breaker' : undefined);
        log.warn('account.resumed', { account: id, reason, api_key: key.id });
      }
      const ready = await nextReady(database, id, before.configured.pace.uploadsInFlight);
      await queues.ring(ready.map((each) => ({ stage: 'submit', account: id, ...each })));
      const shown = accountOf((await factsOf(key, id)) ?? before);
      const advice =
        resumed && before.health.pausedReason === 'auth' ? adviceAfterAuth : shown.advice;
      return reply.send({ ...shown, advice });
    },
  );
  app.post(
    '/accounts/:id/confirm-semantics',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['accounts'],
        operationId: 'confirmSemantics',
        summary: 'Say that the result files of an account mean what the accounts file says',
        description:
          'After a look at the first one: `GET /v1/holds/{chunk_id}/artifact`. It cannot be taken back. What was held for this alone ' +
          'stays held until it is replayed. Again: the same answer, and the first reason stays.',
        security: [{ key: [] }],
        params,
        body: confirmSemanticsBodySchema,
        response: { 200: accountSchema, ...changeProblems },
      },
    },
    async (request, reply) => {
      const key = keyOf(request);
      const { id } = request.params;
      const before = await changeableFactsOf(key, id);
      if (before.refused) return sendRefusal(request, reply, before.refused);
      const by = byOf(key, request.body.reason);
      if (await confirmSemantics(database, id, noteOf(key, by.why), by)) {
        log.warn('account.semantics_confirmed', { account: id, api_key: key.id });
      }
      return reply.send(accountOf((await factsOf(key, id)) ?? before));
    },
  );
}
