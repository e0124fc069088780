import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { accountSchema } from '../accounts.ts';
import { settingsSchema } from '../settings.ts';
import type { Simulation } from '../simulation.ts';
import { notFound, parseOr400 } from './parse.ts';

/** Accounts, settings and the request log. */
export function worldRoutes(app: FastifyInstance, simulation: Simulation): void {
  app.get('/_sim/accounts', async () => ({ accounts: simulation.accounts.all() }));
  app.patch<{ Params: { name: string } }>('/_sim/accounts/:name', async (request, reply) => {
    const { name } = request.params;
    const before = simulation.accounts.byName(name);
    if (!before) return notFound(reply, 'account');
    const changes = parseOr400(z.record(z.string(), z.unknown()), request.body, reply);
    if (!changes) return reply;
    if (!parseOr400(accountSchema, { ...before, ...changes }, reply)) return reply;
    return simulation.accounts.patch(name, changes);
  });

  app.get('/_sim/settings', async () => simulation.settings);
  app.patch('/_sim/settings', async (request, reply) => {
    const changes = parseOr400(z.record(z.string(), z.unknown()), request.body, reply);
    if (!changes) return reply;
    const settings = parseOr400(settingsSchema, { ...simulation.settings, ...changes }, reply);
    if (!settings) return reply;
    Object.assign(simulation.settings, settings);
    return simulation.settings;
  });

  app.get('/_sim/requests', async () => ({ requests: simulation.requests.all() }));
  app.delete('/_sim/requests', async (_request, reply) => {
    simulation.requests.clear();
    return reply.code(204).send();
  });
}
