import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { acceptUpload } from '../accept-upload.ts';
import type { AccountOf } from '../accounts.ts';
import { jsonAnswer } from '../answer.ts';
import { exchange, type Operation } from '../exchange.ts';
import type { CollectedNumbers } from '../numbers/number-collector.ts';
import { readForm } from '../read-form.ts';
import type { Simulation } from '../simulation.ts';
import { traitsOf } from '../task-types.ts';
import type { Task } from '../tasks.ts';
import { withNanoseconds } from '../timestamps.ts';
import { refusedUpload, tasksError } from './tasks-errors.ts';
import { byApiKey } from './by-api-key.ts';
import { freshResultUrl } from './fresh-result-url.ts';
import { scriptedStatus, workReport } from './work-report.ts';

type SimpleAccount = AccountOf<'simple-tasks'>;

const taskPath = z.object({ id: z.string() });

/** The path names the service; there is no `task_type`. */
const taskType = 'facebook';

/** `POST /fb/api/simple/tasks` and `GET /fb/api/simple/tasks/{TASK_ID}`, as eKYCPro's Facebook page writes them. */
export function simpleTasksRoutes(simulation: Simulation): (app: FastifyInstance) => Promise<void> {
  const shared = {
    contract: 'simple-tasks' as const,
    refuse: (status: number) => tasksError(status),
    identify: (request: FastifyRequest) => byApiKey(simulation, 'simple-tasks', request),
  };

  const create: Operation<SimpleAccount, { collected: CollectedNumbers; userId: string }> = {
    ...shared,
    operation: 'create',
    async read(request, account) {
      const reading = await readForm(request);
      if (reading.outcome === 'too_large') return tasksError(413);
      if (reading.outcome === 'not_a_form') return tasksError(400);
      const { fields, file } = reading.form;
      if (file?.part !== 'file') return tasksError(400, 'bad_request', 'file is required');
      const userId = fields.get('user_id')?.[0];
      if (account.requires_user_id && !userId) {
        return tasksError(400, 'bad_request', 'user_id is required');
      }
      return { body: { collected: file.collected, userId: userId ?? account.user_id }, taskType };
    },
    async act(account, body, { shownTaskId }) {
      const traits = traitsOf('simple-tasks', taskType, account.task_types);
      if (!traits) throw new Error(`no traits for ${taskType}`);
      const upload = { ...body, taskType, traits, shownTaskId };
      const acceptance = await acceptUpload(simulation, account, upload);
      if (acceptance.outcome !== 'accepted') return refusedUpload(acceptance, traits);
      const { task } = acceptance;
      const createdAt = withNanoseconds(task.createdAtMs);
      const answer = jsonAnswer(account.create_status, {
        created_at: createdAt,
        updated_at: createdAt,
        task_id: task.shownId,
        user_id: task.userId,
        status: 'pending',
        total: 0,
        success: 0,
        failure: 0,
      });
      return { created: task, answer };
    },
  };

  const status: Operation<SimpleAccount, Task | undefined> = {
    ...shared,
    operation: 'status',
    async read(request, account) {
      const { id } = taskPath.parse(request.params);
      const task = simulation.tasks.ofAccount(account.name, id);
      return { body: task, tasks: task ? [task] : [] };
    },
    async act(account, task) {
      return task ? jsonAnswer(200, statusBody(simulation, task, account)) : tasksError(404);
    },
  };

  return async (app) => {
    app.post('/fb/api/simple/tasks', (request, reply) =>
      exchange(simulation, request, reply, create),
    );
    app.get('/fb/api/simple/tasks/:id', (request, reply) =>
      exchange(simulation, request, reply, status),
    );
  };
}

function statusBody(simulation: Simulation, task: Task, account: SimpleAccount): object {
  const report = workReport(simulation, task);
  const scripted = scriptedStatus(task);
  const word = scripted['status'] ?? wordOf(simulation, task, report);
  return {
    created_at: withNanoseconds(task.createdAtMs),
    updated_at: withNanoseconds(report.updatedAtMs),
    task_id: task.id,
    user_id: task.userId,
    status: word,
    total: report.total,
    success: report.success,
    failure: report.failure,
    ...(word === 'exported' && { result_url: freshResultUrl(simulation, task, account) }),
    ...scripted,
  };
}

/** `completed` is processed but not yet downloadable: every task says it at least once. */
function wordOf(simulation: Simulation, task: Task, report: ReturnType<typeof workReport>): string {
  if (report.phase !== 'processed') return report.phase;
  const exported =
    task.completedShown && simulation.now() >= report.updatedAtMs + simulation.settings.export_ms;
  task.completedShown = true;
  return exported ? 'exported' : 'completed';
}
