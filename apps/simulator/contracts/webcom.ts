import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { acceptUpload } from '../accept-upload.ts';
import type { AccountOf } from '../accounts.ts';
import { type Answer, jsonAnswer } from '../answer.ts';
import { exchange, type Operation } from '../exchange.ts';
import type { CollectedNumbers } from '../numbers/number-collector.ts';
import { NumberCollector } from '../numbers/number-collector.ts';
import { type Form, readForm } from '../read-form.ts';
import { noEdits } from '../results/edits.ts';
import { takeDownload } from '../results/take-download.ts';
import type { Simulation } from '../simulation.ts';
import { type TaskTypeTraits, traitsOf } from '../task-types.ts';
import type { Task } from '../tasks.ts';
import { webcomError, wrongData } from './webcom-errors.ts';
import { idsOf } from './webcom-ids.ts';
import { statusEntry, statusWord } from './webcom-status.ts';

type WebcomAccount = AccountOf<'webcom'>;

const filePath = z.object({ hash: z.string() });

/** `/api/checking/create`, `/get-status`, `/get-file/<hash>`, as https://msg.webcom.mobi's page writes them. */
export function webcomRoutes(simulation: Simulation): (app: FastifyInstance) => Promise<void> {
  const shared = {
    contract: 'webcom' as const,
    refuse: (status: number) => webcomError(status),
    identify: (request: FastifyRequest): WebcomAccount | Answer => {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      return simulation.accounts.byKey('webcom', token) ?? webcomError(401);
    },
  };

  const create: Operation<
    WebcomAccount,
    {
      taskType: string;
      traits: TaskTypeTraits;
      collected: CollectedNumbers;
      name: string | undefined;
    }
  > = {
    ...shared,
    operation: 'create',
    async read(request, account) {
      const reading = await readForm(request);
      if (reading.outcome === 'too_large') return webcomError(413);
      if (reading.outcome === 'not_a_form') return wrongData('');
      const { fields } = reading.form;
      const taskType = fields.get('type')?.[0] ?? '';
      const traits = traitsOf('webcom', taskType, account.task_types);
      if (!traits) return wrongData('type');
      const collected = phonesOf(reading.form);
      if (!collected || collected.numbers.length === 0) return wrongData('phones');
      return { body: { taskType, traits, collected, name: fields.get('name')?.[0] }, taskType };
    },
    async act(account, body, { shownTaskId }) {
      const upload = { ...body, userId: '', shownTaskId };
      const acceptance = await acceptUpload(simulation, account, upload);
      if (acceptance.outcome !== 'accepted') return wrongData('phones');
      const { task } = acceptance;
      const answer = jsonAnswer(200, {
        success: true,
        data: {
          id: Number(task.shownId),
          status: task.paidAtMs === undefined ? 'waittopay' : 'new',
          total_phones: task.numbers.length,
        },
      });
      return { created: task, answer };
    },
  };

  const status: Operation<WebcomAccount, undefined | readonly Task[]> = {
    ...shared,
    operation: 'status',
    async read(request, account) {
      const reading = await readForm(request);
      const ids = reading.outcome === 'read' ? idsOf(reading.form.fields) : undefined;
      if (!ids) return wrongData('ids');
      const tasks = ids
        .map((id) => simulation.tasks.ofAccount(account.name, String(id)))
        .filter((task) => task !== undefined);
      return { body: tasks, tasks };
    },
    async act(account, tasks = []) {
      const entries = tasks.map((task) => statusEntry(simulation, task, account));
      const data =
        account.status_data === 'array'
          ? entries
          : Object.fromEntries(tasks.map((task, index) => [task.id, entries[index]]));
      return jsonAnswer(200, { success: true, data });
    },
  };

  const file: Operation<WebcomAccount, Task> = {
    ...shared,
    operation: 'file',
    async read(request, account) {
      const { hash } = filePath.parse(request.params);
      const task = simulation.tasks.byHash(account.name, hash);
      if (!task) return webcomError(404);
      return { body: task, tasks: [task] };
    },
    async act(account, task) {
      const scripted = task.script.file !== undefined;
      if (!scripted && statusWord(simulation, task) !== 'complete') return wrongData('');
      const edits = takeDownload(task) ?? noEdits;
      const body = await simulation.resultFiles.fileOf(task, account, edits);
      const disposition = `attachment; filename="${task.id}.txt"`;
      const headers = { 'content-type': 'text/plain', 'content-disposition': disposition };
      return { status: 200, headers, body };
    },
  };

  return async (app) => {
    const path = '/api/checking';
    app.post(`${path}/create`, (request, reply) => exchange(simulation, request, reply, create));
    app.post(`${path}/get-status`, (request, reply) =>
      exchange(simulation, request, reply, status),
    );
    app.get(`${path}/get-file/:hash`, (request, reply) =>
      exchange(simulation, request, reply, file),
    );
  };
}

/** The list in `phones_file`, else the text in `phones`; an empty `phones` beside a file is in the vendor's sample. */
function phonesOf(form: Form): CollectedNumbers | undefined {
  if (form.file?.part === 'phones_file') return form.file.collected;
  const phones = form.fields.get('phones')?.[0];
  if (phones === undefined) return undefined;
  const collector = new NumberCollector();
  collector.push(Buffer.from(phones));
  return collector.finish();
}
