import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { faultSchema } from '../faults/fault.ts';
import type { Simulation } from '../simulation.ts';
import { parseOr400 } from './parse.ts';

/** `POST /_sim/faults` (one or a list), `GET`, `DELETE` of all (answers what they had done until then), `DELETE /_sim/faults/:id`. */
export function faultRoutes(app: FastifyInstance, simulation: Simulation): void {
  app.post('/_sim/faults', async (request, reply) => {
    const body = Array.isArray(request.body) ? request.body : [request.body];
    const faults = parseOr400(z.array(faultSchema).min(1), body, reply);
    if (!faults) return reply;
    const posted = faults.map((fault) => simulation.faults.post(fault));
    return reply.code(201).send({ ids: posted.map((fault) => fault.id) });
  });
  app.get('/_sim/faults', async () => ({ faults: simulation.faults.all() }));
  app.delete('/_sim/faults', async (_request, reply) => {
    const ended = simulation.faults.all();
    simulation.faults.clear();
    return reply.send({ faults: ended });
  });
  app.delete<{ Params: { id: string } }>('/_sim/faults/:id', async (request, reply) => {
    simulation.faults.clear(Number(request.params.id));
    return reply.code(204).send();
  });
}
