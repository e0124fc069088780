import { Readable } from 'node:stream';
import {
  type ProcessingRecord,
  processingRecordSchema,
  processingRecordsQuerySchema,
  processingRecordsSchema,
} from '@rollcall/contract';
import {
  countErasures,
  countSuppressions,
  type Database,
  type ProcessingRow,
  readProcessing,
} from '@rollcall/db';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { csvText } from '../export/csv-text.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

const pageJobs = 500;

/** `GET /v1/processing-records`: the records of processing that a controller keeps (GDPR Art. 30). */
export async function processingRecordsRoute(
  plain: FastifyInstance,
  { database, keptMonths }: { readonly database: Database; readonly keptMonths: number },
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  app.get(
    '/processing-records',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['privacy'],
        operationId: 'getProcessingRecords',
        summary: 'Export the records of processing',
        description:
          'A record for each job of these days: why, for whom, to which provider, how many numbers, until when. They stay when the numbers are dropped.',
        security: [{ key: [] }],
        querystring: processingRecordsQuerySchema,
        response: {
          200: {
            description: 'The records.',
            content: {
              'application/json': { schema: processingRecordsSchema },
              'text/csv': { schema: z.string(), example: `${columns.join(',')}\r\n` },
            },
          },
          ...problemResponses([...everywhere, 'invalid_request']),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = keyOf(request);
      const { format, ...days } = request.query;
      const records = recordsOf(database, tenantId, days, keptMonths);
      void reply.header('cache-control', 'no-store');
      if (format === 'csv') {
        void reply
          .type('text/csv; charset=utf-8')
          .header(
            'content-disposition',
            `attachment; filename="processing-${days.from}-${days.to}.csv"`,
          );
        return sendText(reply, asCsv(records));
      }
      const data: ProcessingRecord[] = [];
      for await (const batch of records) data.push(...batch);
      const [erasures, { entries }] = await Promise.all([
        countErasures(database, tenantId, days),
        countSuppressions(database, tenantId),
      ]);
      return reply.send({
        data,
        erasures,
        suppressed_numbers: entries.reduce((sum, { numbers }) => sum + numbers, 0),
      });
    },
  );
}

const columns = Object.keys(processingRecordSchema.shape) as (keyof ProcessingRecord)[];

async function* recordsOf(
  database: Database,
  tenantId: number,
  days: { readonly from: string; readonly to: string },
  keptMonths: number,
): AsyncGenerator<readonly ProcessingRecord[]> {
  for (let after = ''; ; ) {
    const rows = await readProcessing(database, tenantId, days, { after, limit: pageJobs });
    if (rows.length > 0) yield rows.map((row) => recordOf(row, keptMonths));
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageJobs) return;
    after = last.jobId;
  }
}

function recordOf(row: ProcessingRow, keptMonths: number): ProcessingRecord {
  const [year = 0, month = 1] = row.jobDay.split('-').map(Number);
  // The first day on which every day of its month is so many months past.
  const keptUntil = new Date(Date.UTC(year, month + keptMonths, 1));
  return {
    job_id: row.jobId,
    purpose: row.purpose,
    requested_by: row.requestedBy,
    check: row.checkName,
    account: row.account,
    recipient: row.recipient,
    state: row.state,
    lines: row.lines,
    numbers: row.numbers,
    sent: row.sent,
    suppressed: row.suppressed,
    erased: row.erased,
    received_at: row.receivedAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
    kept_until: keptUntil.toISOString(),
    rows_dropped_at: row.rowsDroppedAt?.toISOString() ?? null,
    files_dropped_at: row.filesDroppedAt?.toISOString() ?? null,
  };
}

async function* asCsv(records: AsyncIterable<readonly ProcessingRecord[]>): AsyncGenerator<string> {
  yield csvText([columns], ',');
  for await (const batch of records) {
    yield csvText(
      batch.map((record) => columns.map((column) => String(record[column] ?? ''))),
      ',',
    );
  }
}

/** The schema of the answer describes the file's content, and what is sent is a stream of it. */
function sendText(reply: { send(payload: unknown): unknown }, text: AsyncIterable<string>) {
  return reply.send(Readable.from(text)) as never;
}
