import { type Check, checkListSchema } from '@rollcall/contract';
import { type Database, listLearnedLimits, readAccountHealth } from '@rollcall/db';
import { effectiveLimits, formatMoney } from '@rollcall/domain';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { isAvailable } from '../account-view.ts';
import { accountsOf } from '../accounts-of.ts';
import type { AccountBook } from '../intake/choose-account.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

/** `GET /v1/checks` */
export async function checkRoutes(
  plain: FastifyInstance,
  { database, accounts }: { readonly database: Database; readonly accounts: AccountBook },
): Promise<void> {
  plain.withTypeProvider<FastifyZodOpenApiTypeProvider>().get(
    '/checks',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['accounts'],
        operationId: 'listChecks',
        summary: 'List what can be checked, by whom and at what price',
        description:
          'With every account that offers each check, its price and the sizes that it takes. `default_account` answers a job that names none.',
        security: [{ key: [] }],
        response: { 200: checkListSchema, ...problemResponses(everywhere) },
      },
    },
    async (request, reply) => {
      const own = await accountsOf(database, accounts, keyOf(request).tenantId);
      return reply.send({ data: await readChecks(database, own) });
    },
  );
}

async function readChecks(database: Database, book: AccountBook): Promise<Check[]> {
  const [health, learned] = await Promise.all([
    readAccountHealth(database),
    listLearnedLimits(database),
  ]);
  const accounts = [...book.accounts.values()].toSorted((left, right) =>
    left.id < right.id ? -1 : 1,
  );
  const names = new Set(accounts.flatMap(({ checks }) => Object.keys(checks)));
  return [...names].sort().map((name) => ({
    name,
    default_account: book.defaults.get(name) ?? null,
    accounts: accounts.flatMap((account) => {
      const offer = Object.hasOwn(account.checks, name) ? account.checks[name] : undefined;
      if (!offer) return [];
      const taught = learned.find((each) => each.account === account.id && each.checkName === name);
      const limits = effectiveLimits(offer, taught ?? null);
      const state = health.find((each) => each.account === account.id) ?? null;
      return [
        {
          account: account.id,
          adapter: account.adapter,
          task_type: offer.taskType,
          price_per_number: formatMoney(offer.pricePerNumber),
          currency: account.currency,
          min_numbers: limits.minNumbers,
          max_numbers: limits.maxNumbers,
          semantics: offer.semantics,
          paused: (state?.pausedReason ?? null) !== null,
          available: isAvailable(state),
        },
      ];
    }),
  }));
}
