import type { FastifyInstance, FastifyRequest } from 'fastify';
import { acceptUpload } from '../accept-upload.ts';
import type { AccountOf } from '../accounts.ts';
import { jsonAnswer } from '../answer.ts';
import { exchange, type Operation } from '../exchange.ts';
import { fromMicros } from '../money.ts';
import type { CollectedNumbers } from '../numbers/number-collector.ts';
import { readForm } from '../read-form.ts';
import type { Simulation } from '../simulation.ts';
import { type TaskTypeTraits, traitsOf } from '../task-types.ts';
import { refusedUpload, tasksError } from './tasks-errors.ts';
import { byApiKey } from './by-api-key.ts';
import { amountOf, createdBody, statusBody } from './tasks-v1-bodies.ts';
import type { Task } from '../tasks.ts';

type TasksV1Account = AccountOf<'tasks-v1'>;

/**
 * `POST /v1/tasks`, `POST /v1/gettasks`, `GET /v1/balance`, as the pages of eKYCPro (`tg`, `coinW`) and checknumber.ai
 * (`Twitter`) write them. Both vendors are accounts of this one contract, told apart by their keys.
 */
export function tasksV1Routes(simulation: Simulation): (app: FastifyInstance) => Promise<void> {
  const shared = {
    contract: 'tasks-v1' as const,
    refuse: (status: number) => tasksError(status),
    identify: (request: FastifyRequest) => byApiKey(simulation, 'tasks-v1', request),
  };

  const create: Operation<
    TasksV1Account,
    { taskType: string; traits: TaskTypeTraits; collected: CollectedNumbers }
  > = {
    ...shared,
    operation: 'create',
    async read(request, account) {
      const reading = await readForm(request);
      if (reading.outcome === 'too_large') return tasksError(413);
      if (reading.outcome === 'not_a_form') return tasksError(400);
      const { fields, file } = reading.form;
      const taskType = fields.get('task_type')?.[0] ?? '';
      const traits = traitsOf('tasks-v1', taskType, account.task_types);
      if (!traits) return tasksError(400, 'invalid_task_type', 'Unknown task_type');
      if (file?.part !== 'file') return tasksError(400, 'bad_request', 'file is required');
      return { body: { taskType, traits, collected: file.collected }, taskType };
    },
    async act(account, body, { shownTaskId }) {
      const upload = { ...body, userId: account.user_id, shownTaskId };
      const acceptance = await acceptUpload(simulation, account, upload);
      if (acceptance.outcome !== 'accepted') return refusedUpload(acceptance, body.traits);
      const answer = jsonAnswer(account.create_status, createdBody(acceptance.task, account));
      return { created: acceptance.task, answer };
    },
  };

  const status: Operation<TasksV1Account, Task | undefined> = {
    ...shared,
    operation: 'status',
    async read(request, account) {
      const reading = await readForm(request);
      if (reading.outcome !== 'read') return tasksError(400);
      const id = reading.form.fields.get('task_id')?.[0];
      if (!id) return tasksError(400, 'bad_request', 'task_id is required');
      const task = simulation.tasks.ofAccount(account.name, id);
      return { body: task, tasks: task ? [task] : [] };
    },
    async act(account, task) {
      return task ? jsonAnswer(200, statusBody(simulation, task, account)) : tasksError(404);
    },
  };

  const balance: Operation<TasksV1Account, undefined> = {
    ...shared,
    operation: 'balance',
    read: async () => ({ body: undefined }),
    async act(account) {
      const left = fromMicros(simulation.accounts.balanceMicros(account.name));
      if (account.balance_body === 'plain') return jsonAnswer(200, { balance: left });
      const nowMs = simulation.now();
      const today = new Date(nowMs).toISOString().slice(0, 10);
      const charges = simulation.ledger
        .after(0)
        .filter((charge) => charge.account === account.name && charge.at.startsWith(today));
      return jsonAnswer(200, {
        status: 'success',
        balance: left,
        credit: 0,
        used_today: amountOf(charges).amount,
        daily_limit: 0,
        reset_time: `${new Date(nowMs + 86_400_000).toISOString().slice(0, 10)}T00:00:00Z`,
      });
    },
  };

  return async (app) => {
    app.post('/v1/tasks', (request, reply) => exchange(simulation, request, reply, create));
    app.post('/v1/gettasks', (request, reply) => exchange(simulation, request, reply, status));
    app.get('/v1/balance', (request, reply) => exchange(simulation, request, reply, balance));
  };
}
