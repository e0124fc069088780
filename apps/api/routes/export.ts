import { finished, Readable } from 'node:stream';
import {
  type ExportFormat,
  exportedResultSchema,
  exportQuerySchema,
  jobIdSchema,
  uploadLineSchema,
} from '@rollcall/contract';
import { type Database, type ExportedJob, findExportedJob } from '@rollcall/db';
import { describeError, type LogFields, type Logger } from '@rollcall/telemetry';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { tellAudit } from '../audit/tell-audit.ts';
import { cutStalledReader } from '../export/cut-stalled-reader.ts';
import { isClosed } from '../export/export-source.ts';
import { type ExportCounts, exportStream } from '../export/export-stream.ts';
import { findKeptUpload } from '../export/kept-upload.ts';
import { resultsTable } from '../export/results-table.ts';
import { uploadTable } from '../export/upload-table.ts';
import { namedKey } from '../named-key.ts';
import { Places } from '../places.ts';
import { type Refusal, refuse, sendRefusal } from '../refusal.ts';
import { refuseDropped } from '../refuse-dropped.ts';
import { keyOf } from '../request-fields.ts';
import { headersNamed } from '../openapi/response-headers.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

interface ExportDependencies {
  readonly database: Database;
  readonly log: Logger;
  /** Exports that one process writes at a time; each takes up to about 60 MB of memory at 10 M lines. */
  readonly exportsAtOnceMax: number;
  /** How long one may take, however slowly it is read; then its connection is cut. */
  readonly exportTimeout_ms: number;
  /** How long a reader may take nothing of what waits for it. */
  readonly readerStall_ms: number;
}

const contentTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

const fileSchema = z.string().meta({ override: { type: 'string', format: 'binary' } });

/** `GET /v1/jobs/{id}/export` */
export async function exportRoute(plain: FastifyInstance, deps: ExportDependencies): Promise<void> {
  const { database, log } = deps;
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  const places = new Places(deps.exportsAtOnceMax);
  app.get(
    '/jobs/:id/export',
    {
      config: { scope: 'results:read' },
      schema: {
        tags: ['results'],
        operationId: 'exportJob',
        summary: 'Download the results of a job, or its upload with the answers',
        description:
          'Streamed. An export that fails on the way ends with a broken connection, never as if it were whole.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema }),
        querystring: exportQuerySchema,
        response: {
          200: {
            description: 'The file; `Content-Disposition` names it.',
            headers: headersNamed('content-disposition'),
            content: {
              'text/csv': {
                schema: fileSchema,
                example:
                  'number,outcome,account,source,cost,checked_at\r\n+447911123456,registered,checknumber,provider,0.0004,2024-08-01T09:31:00.000Z\r\n',
              },
              'application/x-ndjson': { schema: z.union([exportedResultSchema, uploadLineSchema]) },
              [contentTypes.xlsx]: { schema: fileSchema },
            },
          },
          ...problemResponses([
            ...everywhere,
            'not_found',
            'invalid_request',
            'job_not_closed',
            'no_upload',
            'rows_dropped',
            'retry_stands_under_first_job',
            'too_many_exports',
            'http_version_too_old',
          ]),
        },
      },
    },
    async (request, reply) => {
      // There the end of the connection is the end of the answer, and a cut export would pass for a whole one.
      if (request.raw.httpVersion === '1.0') {
        return sendRefusal(request, reply, refuse('http_version_too_old'));
      }
      const { format, shape, outcome = null, latest, partial } = request.query;
      const { id: apiKey, tenantId } = keyOf(request);
      const job = await findExportedJob(database, tenantId, request.params.id);
      const refusal = job ? refuseExport(job, { latest, partial }) : refuse('not_found');
      if (!job || refusal) return sendRefusal(request, reply, refusal ?? refuse('not_found'));
      const what = shape === 'upload' && job.retryRoot === null ? 'files' : 'rows';
      const dropped = await refuseDropped(database, tenantId, job.id, what);
      if (dropped) return sendRefusal(request, reply, dropped);
      const upload =
        shape === 'upload' ? await findKeptUpload(database.ofTenant(tenantId), job) : null;
      if (shape === 'upload' && !upload) {
        return sendRefusal(request, reply, refuse('no_upload', { detail: noUpload(job) }));
      }
      const name = `${job.id}-${shape}.${format}`;
      // Nothing is read for it; a stream, since for anything else Fastify would state a length.
      if (request.method === 'HEAD') {
        describeFile(reply, format, name);
        return sendStream(reply, Readable.from([]));
      }
      const release = places.take(tenantId);
      if (!release) return sendRefusal(request, reply, refuse('too_many_exports'));
      const told = { actor: namedKey(keyOf(request)), subject: job.id };
      const detail = { format, shape, outcome: outcome ?? 'all', latest: String(latest) };
      const begun = [{ ...told, action: 'results.exported', detail }] as const;
      // Without the trail nothing is sent.
      await tellAudit(database, tenantId, begun).catch((error: unknown) => {
        release();
        throw error;
      });
      describeFile(reply, format, name);
      const gone = new AbortController();
      const source = { database: database.ofTenant(tenantId), job, latest, signal: gone.signal };
      const counts: ExportCounts = { rows: 0, bytes: 0 };
      const stream = upload
        ? exportStream(format, 'Upload', uploadTable(source, upload), counts)
        : exportStream(format, 'Results', resultsTable(source, outcome), counts);
      const tooLong = setTimeout(() => {
        stream.destroy(new Error('the export took longer than it may'));
      }, deps.exportTimeout_ms).unref();
      request.whenKeyEnds = () => {
        stream.destroy(new Error('the key has ended'));
      };
      const facts = { job: job.id, api_key: apiKey, request: request.id };
      log.info('export.started', facts);
      // Called at once where the client has gone already.
      finished(reply.raw, () => {
        clearTimeout(tooLong);
        gone.abort();
        release();
        const ending = logEnd(log, facts, stream, reply, counts);
        const ended = { action: 'results.export_ended', detail: { ending } } as const;
        const { rows } = counts;
        tellAudit(database, tenantId, [{ ...told, ...ended, counts: { rows } }]).catch(
          (error: unknown) => log.warn('audit.not_told', { ...facts, ...describeError(error) }),
        );
      });
      cutStalledReader(reply.raw, deps.readerStall_ms);
      return sendStream(reply, stream);
    },
  );
}

function describeFile(reply: FastifyReply, format: ExportFormat, name: string): void {
  void reply
    .type(contentTypes[format])
    .header('content-disposition', `attachment; filename="${name}"`)
    // Numbers are personal data: no proxy keeps them.
    .header('cache-control', 'no-store');
}

/** The schema of the answer describes the file's content, and what is sent is a stream of it. */
function sendStream(reply: FastifyReply, stream: Readable): FastifyReply {
  return reply.send(stream);
}

function refuseExport(
  job: ExportedJob,
  { latest, partial }: { readonly latest: boolean; readonly partial: boolean },
): Refusal | null {
  if (latest && job.retryRoot !== null) return refuse('retry_stands_under_first_job');
  if (partial) return null;
  if (!isClosed(job)) {
    const detail = 'Wait until it is closed, or add partial=true for what is there so far.';
    return refuse('job_not_closed', { detail });
  }
  if (!latest || job.openRetries === 0) return null;
  const detail = 'A retry of it is open: wait, or add partial=true for what is there so far.';
  return refuse('job_not_closed', { detail });
}

function noUpload(job: ExportedJob): string {
  return job.retryRoot === null
    ? 'Its upload is not kept any more. Export its results with shape=results.'
    : `It is a retry. Export the job that it began with, ${job.retryRoot}, with shape=upload and latest=true.`;
}

function logEnd(
  log: Logger,
  facts: LogFields,
  stream: Readable,
  reply: FastifyReply,
  { rows, bytes }: ExportCounts,
): 'complete' | 'failed' | 'client_went_away' {
  const ending = { ...facts, counts: { rows }, bytes, duration_ms: Math.round(reply.elapsedTime) };
  if (stream.errored) {
    log.error('export.finished', { ...ending, reason: 'failed', ...describeError(stream.errored) });
    return 'failed';
  }
  const reason = reply.raw.writableFinished ? 'complete' : 'client_went_away';
  log.info('export.finished', { ...ending, reason });
  return reason;
}
