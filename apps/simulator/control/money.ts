import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { setBalance, settleWaiting } from '../accept-upload.ts';
import type { Charge } from '../ledger.ts';
import { fromMicros, toMicros } from '../money.ts';
import { findPaidTwice } from '../paid-twice.ts';
import type { Simulation } from '../simulation.ts';
import { notFound, parseOr400 } from './parse.ts';

const newBalance = z.strictObject({ account: z.string(), balance: z.number().nonnegative() });
const ledgerQuery = z.strictObject({
  after: z.coerce.number().int().nonnegative().default(0),
  account: z.string().optional(),
  task_id: z.string().optional(),
});

/** Balances, the ledger, and the numbers that were paid for more than once. */
export function moneyRoutes(app: FastifyInstance, simulation: Simulation): void {
  const balances = () =>
    simulation.accounts.all().map(({ name, currency }) => ({
      account: name,
      currency,
      balance: fromMicros(simulation.accounts.balanceMicros(name)),
      waiting_tasks: simulation.tasks
        .all()
        .filter((task) => task.account === name && task.paidAtMs === undefined).length,
    }));

  app.get('/_sim/balance', async () => ({ balances: balances() }));
  app.put('/_sim/balance', async (request, reply) => {
    const body = parseOr400(newBalance, request.body, reply);
    if (!body) return reply;
    if (!simulation.accounts.byName(body.account)) return notFound(reply, 'account');
    setBalance(simulation, body.account, toMicros(body.balance));
    settleWaiting(simulation, body.account);
    return { balances: balances() };
  });

  app.get('/_sim/ledger', async (request, reply) => {
    const query = parseOr400(ledgerQuery, request.query, reply);
    if (!query) return reply;
    const charges = simulation.ledger
      .after(query.after)
      .filter(
        (charge) =>
          (query.account === undefined || charge.account === query.account) &&
          (query.task_id === undefined || charge.task_id === query.task_id),
      );
    return { charges, totals: totalsOf(charges) };
  });

  app.get('/_sim/paid-twice', async () => {
    const groups = findPaidTwice(
      simulation.ledger.after(0),
      (taskId) => simulation.tasks.byId(taskId)?.numbers ?? new Float64Array(),
    );
    return { paid_twice: groups.reduce((sum, group) => sum + group.numbers, 0), groups };
  });
}

function totalsOf(charges: readonly Charge[]): object[] {
  const byAccount = Map.groupBy(charges, (charge) => charge.account);
  return [...byAccount].map(([account, group]) => {
    const micros = group.reduce((sum, charge) => sum + charge.amount_micros, 0);
    return {
      account,
      currency: group[0]?.currency,
      charges: group.length,
      numbers: group.reduce((sum, charge) => sum + charge.numbers, 0),
      amount: fromMicros(micros),
      amount_micros: micros,
    };
  });
}
