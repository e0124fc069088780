import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { NumberCollector } from '../numbers/number-collector.ts';
import { reportFormOf } from '../results/appearance.ts';
import { inChunks } from '../results/text-tables.ts';
import type { Simulation } from '../simulation.ts';
import { traitsOf } from '../task-types.ts';
import { expectedOutcome, reportForms, truthRule } from '../truth.ts';
import { notFound, parseOr400 } from './parse.ts';

const query = z.strictObject({
  check: z.string().min(1).optional(),
  /** With a task type, the form follows from the account; `form` names it outright. With neither: the bare truth. */
  account: z.string().optional(),
  task_type: z.string().optional(),
  /** For GET: numbers, separated by commas. */
  numbers: z.string().optional(),
  form: z.enum(reportForms).default('table_with_ban'),
});

/** Text, one number a line, or a JSON list. */
const numbersBody = z.union([z.string(), z.array(z.string())]);
const bodyLimitBytes = 256 * 1024 * 1024;

/**
 * `POST /_sim/truth?check=telegram` or `?account=webcom&task_type=Telegram_cheking`: numbers as text, one a line, or as a
 * JSON list (`GET`: `&numbers=…,…`); the answer is csv, `number,outcome`, distinct numbers ascending as digits without `+`.
 */
export function truthRoutes(app: FastifyInstance, simulation: Simulation): void {
  app.post('/_sim/truth', { bodyLimit: bodyLimitBytes }, async (request, reply) => {
    const posted = parseOr400(numbersBody, request.body ?? '', reply);
    if (posted === undefined) return reply;
    const text = typeof posted === 'string' ? posted : posted.join('\n');
    return answerTruth(simulation, request.query, text, reply);
  });
  app.get<{ Querystring: { numbers?: string } }>('/_sim/truth', async (request, reply) =>
    answerTruth(
      simulation,
      request.query,
      (request.query.numbers ?? '').replaceAll(',', '\n'),
      reply,
    ),
  );
}

function answerTruth(
  simulation: Simulation,
  asked: unknown,
  text: string,
  reply: FastifyReply,
): FastifyReply {
  const parsed = parseOr400(query, asked, reply);
  if (!parsed) return reply;
  const resolved = resolve(simulation, parsed);
  if (!resolved) return notFound(reply, 'check: give check, or account and task_type');
  const collector = new NumberCollector();
  collector.push(Buffer.from(text));
  const { numbers } = collector.finish();
  reply.type('text/csv');
  return reply.send(Readable.from(inChunks(table(numbers, resolved.check, resolved.form))));
}

type Form = (typeof reportForms)[number];

function resolve(
  simulation: Simulation,
  asked: z.output<typeof query>,
): { check: string; form: Form } | undefined {
  if (asked.account === undefined || asked.task_type === undefined) {
    return asked.check === undefined ? undefined : { check: asked.check, form: asked.form };
  }
  const account = simulation.accounts.byName(asked.account);
  const traits = account && traitsOf(account.contract, asked.task_type, account.task_types);
  return traits && { check: traits.check, form: reportFormOf({ traits }, account) };
}

function* table(numbers: Float64Array, check: string, form: Form): Generator<string> {
  const truthOf = truthRule(check);
  yield 'number,outcome\n';
  for (const number of numbers) {
    const digits = String(number);
    yield `${digits},${expectedOutcome(truthOf(digits), form)}\n`;
  }
}
