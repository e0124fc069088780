import { finished, pipeline, Readable, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { chunkIdSchema } from '@rollcall/contract';
import { type Database, findHeldArtifact, type HeldArtifactRow, postgresBlobs } from '@rollcall/db';
import { describeError, type Logger } from '@rollcall/telemetry';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { tellAudit } from '../audit/tell-audit.ts';
import { cutStalledReader } from '../export/cut-stalled-reader.ts';
import { namedKey } from '../named-key.ts';
import { headersNamed } from '../openapi/response-headers.ts';
import { Places } from '../places.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

interface HoldArtifactOptions {
  readonly database: Database;
  readonly log: Logger;
  /** Files that one process sends at a time. */
  readonly downloadsAtOnceMax: number;
  /** How long a reader may take nothing of what waits for it. */
  readonly readerStall_ms: number;
}

/** `GET /v1/holds/{chunk_id}/artifact` */
export async function holdArtifactRoute(
  plain: FastifyInstance,
  { database, log, downloadsAtOnceMax, readerStall_ms }: HoldArtifactOptions,
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  const places = new Places(downloadsAtOnceMax);
  app.get(
    '/holds/:chunk_id/artifact',
    {
      config: { scope: 'results:read' },
      schema: {
        tags: ['holds'],
        operationId: 'getHeldArtifact',
        summary: 'Download the result file of a held chunk, as it came',
        description:
          'Byte for byte what the provider sent: it holds numbers, and nobody has checked it. Open it as what may be anything. ' +
          '404 where no file of the chunk came, or it is not held.',
        security: [{ key: [] }],
        params: z.object({ chunk_id: chunkIdSchema }),
        response: {
          200: {
            description: 'The file; `Content-Disposition` names it.',
            headers: headersNamed('content-disposition', 'repr-digest'),
            content: {
              'application/octet-stream': {
                schema: z.string().meta({ override: { type: 'string', format: 'binary' } }),
                example: '447911123456\r\n447911123457\r\n',
              },
            },
          },
          ...problemResponses([...everywhere, 'not_found', 'too_many_exports']),
        },
      },
    },
    async (request, reply) => {
      const { id: apiKey, tenantId } = keyOf(request);
      const { chunk_id: chunk } = request.params;
      const artifact = await findHeldArtifact(database, tenantId, chunk);
      if (!artifact) return sendRefusal(request, reply, refuse('not_found'));
      // Nothing is read for it, and nobody has looked.
      if (request.method === 'HEAD') {
        describeFile(reply, chunk, artifact);
        return sendStream(reply, Readable.from([]));
      }
      const release = places.take(tenantId);
      if (!release) return sendRefusal(request, reply, refuse('too_many_exports'));
      const opened = {
        actor: namedKey(keyOf(request)),
        action: 'artifact.opened',
        subject: chunk,
        detail: { job: artifact.job_id, artifact: artifact.id },
      } as const;
      // Without the trail nothing is sent.
      await tellAudit(database, tenantId, [opened]).catch((error: unknown) => {
        release();
        throw error;
      });
      const facts = { job: artifact.job_id, chunk, artifact: artifact.id };
      log.warn('hold.artifact_opened', {
        ...facts,
        account: artifact.account,
        bytes: artifact.byte_count,
        api_key: apiKey,
        request: request.id,
      });
      finished(reply.raw, release);
      describeFile(reply, chunk, artifact);
      cutStalledReader(reply.raw, readerStall_ms);
      return sendStream(
        reply,
        unpacked(database.ofTenant(tenantId), artifact, (error) =>
          log.error('http.failed', { ...facts, request: request.id, ...describeError(error) }),
        ),
      );
    },
  );
}

function describeFile(reply: FastifyReply, chunkId: string, artifact: HeldArtifactRow): void {
  void reply
    // Whatever it is, a browser keeps its hands off it.
    .type('application/octet-stream')
    .header('content-disposition', `attachment; filename="${chunkId}.bin"`)
    .header('repr-digest', `sha-256=:${artifact.sha256.toString('base64')}:`)
    // A client sees by it that a download broke off.
    .header('content-length', artifact.byte_count)
    .header('cache-control', 'no-store');
}

/** The schema of the answer describes the file's content, and what is sent is a stream of it. */
function sendStream(reply: FastifyReply, stream: Readable): FastifyReply {
  return reply.send(stream);
}

/** The bytes as the provider sent them, one part of 1 MiB at a time; none or all, for a file may be erased while it is read. */
function unpacked(
  database: Database,
  { id, job_day, encoding, byte_count }: HeldArtifactRow,
  onError: (error: Error) => void,
): Readable {
  const kept = Readable.from(postgresBlobs(database).read(id, job_day), { highWaterMark: 1 });
  const unpacking = encoding === 'zstd' ? createZstdDecompress : createGunzip;
  const whole = heldTo(byte_count);
  pipeline([kept, ...(encoding === 'identity' ? [] : [unpacking()]), whole], (error) => {
    // A client that goes away destroys the stream, which is no failure.
    if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') onError(error);
  });
  return whole;
}

/** Where bytes end early, the answer must not end well: its client would wait for what the length promised. */
function heldTo(byte_count: number): Transform {
  let left_bytes = byte_count;
  return new Transform({
    transform(bytes: Buffer, _encoding, done) {
      left_bytes -= bytes.length;
      done(null, bytes);
    },
    flush(done) {
      done(left_bytes === 0 ? null : new Error('a file is not as long as it was'));
    },
  });
}
