import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { inChunks } from '../results/text-tables.ts';
import type { Simulation } from '../simulation.ts';
import type { Task } from '../tasks.ts';
import { withMilliseconds } from '../timestamps.ts';
import { notFound } from './parse.ts';

/** `GET /_sim/tasks`, `/_sim/tasks/:id`, and `/_sim/tasks/:id/numbers` (text, digits without `+`, ascending). */
export function taskRoutes(app: FastifyInstance, simulation: Simulation): void {
  app.get('/_sim/tasks', async () => ({ tasks: simulation.tasks.all().map(summaryOf) }));
  app.get<{ Params: { id: string } }>('/_sim/tasks/:id', async (request, reply) => {
    const task = simulation.tasks.byId(request.params.id);
    return task ? summaryOf(task) : notFound(reply, 'task');
  });
  app.get<{ Params: { id: string } }>('/_sim/tasks/:id/numbers', async (request, reply) => {
    const task = simulation.tasks.byId(request.params.id);
    if (!task) return notFound(reply, 'task');
    return reply.type('text/plain').send(Readable.from(inChunks(linesOf(task.numbers))));
  });
}

function* linesOf(numbers: Float64Array): Generator<string> {
  for (const number of numbers) yield `${number}\n`;
}

function summaryOf(task: Task): object {
  return {
    task_id: task.id,
    shown_task_id: task.shownId,
    account: task.account,
    contract: task.contract,
    task_type: task.taskType,
    check: task.traits.check,
    name: task.name,
    created_at: withMilliseconds(task.createdAtMs),
    paid_at: task.paidAtMs === undefined ? null : withMilliseconds(task.paidAtMs),
    lines: task.lines,
    duplicates: task.duplicates,
    invalid: task.invalid,
    numbers: task.numbers.length,
    numbers_sha256: task.numbersSha256,
    truths: task.tally,
  };
}
