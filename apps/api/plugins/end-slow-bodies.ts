import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { type Refusal, refuse } from '../refusal.ts';
import '../request-fields.ts';
import { answerOnSocket } from './client-errors.ts';

export interface BodyLimits {
  /** Within which the body of a request has to be here; that of an upload may take longer. */
  readonly bodyTimeout_ms: number;
  /** An upload has to bring so much on average over `slowAfter_ms`, again and again; 0 takes any pace. */
  readonly uploadBytesPerSecondMin: number;
  readonly slowAfter_ms: number;
  /** Of an upload on the wire, everything around its file included. */
  readonly uploadBytesMax: number;
}

const look_ms = 1_000;

/**
 * Ends requests whose bodies do not come: Node's own time-out is one for all, and as long as the largest upload takes. A small body has a time, and an
 * upload a pace and a size (its readers count what they read, and nobody counts what a form holds around its parts). While this process is the slow one, an upload is
 * not blamed: what it sent waits unread then.
 */
export const endSlowBodiesPlugin = fastifyPlugin(
  (app: FastifyInstance, limits: BodyLimits, done: () => void) => {
    app.addHook('onRequest', (request, reply, next) => {
      const { raw } = request;
      if (bringsBody(raw)) {
        const end = (refusal: Refusal) => {
          if (reply.sent) return;
          request.endedAs = refusal;
          answerOnSocket(refusal, raw.socket, request.id);
        };
        const stop = request.routeOptions.config.isUpload
          ? watchUpload(raw, limits, end)
          : watchBody(raw, limits, end);
        raw.once('end', stop);
        raw.once('close', stop);
      }
      next();
    });
    done();
  },
  { name: 'end-slow-bodies' },
);

function bringsBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function watchBody(
  raw: IncomingMessage,
  { bodyTimeout_ms }: BodyLimits,
  end: (refusal: Refusal) => void,
): () => void {
  const timer = setTimeout(() => {
    if (raw.complete) return;
    const detail = `The body of this request has to arrive within ${bodyTimeout_ms / 1000} seconds.`;
    end(refuse('request_timeout', { detail }));
  }, bodyTimeout_ms);
  return () => clearTimeout(timer);
}

function watchUpload(
  raw: IncomingMessage,
  limits: BodyLimits,
  end: (refusal: Refusal) => void,
): () => void {
  const { slowAfter_ms, uploadBytesPerSecondMin, uploadBytesMax } = limits;
  const begin_bytes = raw.socket.bytesRead;
  let seen_bytes = begin_bytes;
  let waited_ms = 0;
  const every_ms = Math.min(look_ms, slowAfter_ms);
  const look = () => {
    if (raw.complete) return;
    if (raw.socket.bytesRead - begin_bytes > uploadBytesMax) {
      const detail = `More than ${uploadBytesMax} bytes came, twice what an upload may have (ROLLCALL_INTAKE_MAX_BYTES), and its file has not ended.`;
      end(refuse('body_too_large', { detail }));
      return;
    }
    if (raw.readableLength > 0) {
      waited_ms = 0;
      seen_bytes = raw.socket.bytesRead;
      return;
    }
    waited_ms += every_ms;
    if (waited_ms < slowAfter_ms) return;
    const bytesPerSecond = ((raw.socket.bytesRead - seen_bytes) * 1000) / waited_ms;
    if (bytesPerSecond < uploadBytesPerSecondMin) {
      const detail = `The upload brought less than ${uploadBytesPerSecondMin} bytes a second (ROLLCALL_UPLOAD_MIN_BYTES_PER_SECOND) for ${slowAfter_ms / 1000} seconds. Nothing was stored. Send it over a faster line, or in one go.`;
      end(refuse('upload_too_slow', { detail }));
      return;
    }
    waited_ms = 0;
    seen_bytes = raw.socket.bytesRead;
  };
  // Behind what has arrived: a process that stood still finds its timers due before it reads what came meanwhile.
  const timer = setInterval(() => setImmediate(look), every_ms);
  return () => clearInterval(timer);
}
