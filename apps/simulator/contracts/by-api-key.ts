import type { FastifyRequest } from 'fastify';
import type { AccountOf, ContractName } from '../accounts.ts';
import type { Answer } from '../answer.ts';
import type { Simulation } from '../simulation.ts';
import { tasksError } from './tasks-errors.ts';

/** The owner of the `X-API-Key` header, or a 401. */
export function byApiKey<Contract extends ContractName>(
  simulation: Simulation,
  contract: Contract,
  request: FastifyRequest,
): AccountOf<Contract> | Answer {
  const key = request.headers['x-api-key'];
  const account = simulation.accounts.byKey(contract, typeof key === 'string' ? key : undefined);
  return account ?? tasksError(401);
}
