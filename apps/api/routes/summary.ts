import { type Summary, summaryQuerySchema, summarySchema } from '@rollcall/contract';
import { type Database, readSummary, type SummaryRow } from '@rollcall/db';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

const day_ms = 86_400_000;
const daysUsual = 31;
const daysMax = 366;

/** `GET /v1/summary` */
export async function summaryRoutes(
  plain: FastifyInstance,
  { database }: { readonly database: Database },
): Promise<void> {
  plain.withTypeProvider<FastifyZodOpenApiTypeProvider>().get(
    '/summary',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'summarise',
        summary: 'Count answered numbers by outcome, day and check',
        description:
          'Over all jobs of the tenant, by the UTC day on which a job was made. Exact at any moment: the counts change with the rows. Numbers of jobs whose rows retention dropped are still counted.',
        security: [{ key: [] }],
        querystring: summaryQuerySchema,
        response: {
          200: summarySchema,
          ...problemResponses([...everywhere, 'invalid_request']),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = keyOf(request);
      const to = request.query.to ?? dayAt(Date.now());
      const from = request.query.from ?? dayAt(Date.parse(to) - (daysUsual - 1) * day_ms);
      if (from > to || Date.parse(to) - Date.parse(from) >= daysMax * day_ms) {
        const detail = `Ask for 1 to ${daysMax} days.`;
        return sendRefusal(request, reply, refuse('invalid_request', { detail }));
      }
      return reply.send(
        summaryOf({ from, to }, await readSummary(database, tenantId, { from, to })),
      );
    },
  );
}

function dayAt(unix_ms: number): string {
  return new Date(unix_ms).toISOString().slice(0, 10);
}

type Counts = Summary['outcomes'];

function summaryOf(
  days: { readonly from: string; readonly to: string },
  rows: readonly SummaryRow[],
): Summary {
  const summary: Summary = { ...days, outcomes: {}, days: [] };
  for (const { day, check, outcome, numbers } of rows) {
    let last = summary.days.at(-1);
    // Rows come day by day and check by check.
    if (last?.day !== day || last.check !== check) {
      last = { day, check, outcomes: {} };
      summary.days.push(last);
    }
    // A word of the schema's CHECK; the response schema refuses one that it does not know.
    const known = outcome as keyof Counts;
    last.outcomes[known] = numbers;
    summary.outcomes[known] = (summary.outcomes[known] ?? 0) + numbers;
  }
  return summary;
}
