import { Readable } from 'node:stream';
import { jobIdSchema, lastEventIdSchema } from '@rollcall/contract';
import { type Database, readJobState } from '@rollcall/db';
import { finalJobStates } from '@rollcall/domain';
import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { z } from 'zod';
import { acceptsEventStream } from '../events/accepts-event-stream.ts';
import { JobEventStream } from '../events/job-event-stream.ts';
import { snapshotOf } from '../events/job-snapshot.ts';
import { JobWatches } from '../events/job-watches.ts';
import { Places } from '../places.ts';
import { readWholeJob } from '../read-whole-job.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

export interface EventLimits {
  /** Streams that one process keeps open; more are refused with 429. Each takes some 30 kB. */
  readonly listenersMax: number;
  /** How often a job is read while somebody listens to it. */
  readonly pollEvery_ms: number;
  /** Shorter than the time after which the server and proxies take a silent connection for dead. */
  readonly heartbeatEvery_ms: number;
  /** After this a stream ends and its listener comes again, so that streams find their way to processes that were added. */
  readonly lifeMax_ms: number;
}

interface EventDependencies {
  readonly database: Database;
  readonly log: Logger;
  readonly limits: EventLimits;
}

/** `GET /v1/jobs/{id}/events` */
export async function eventRoute(plain: FastifyInstance, deps: EventDependencies): Promise<void> {
  const { database, limits } = deps;
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  const places = new Places(limits.listenersMax);
  const watches = new JobWatches(limits.pollEvery_ms, deps.log);
  // Before the server waits for its connections, which would otherwise stay as long as their jobs run.
  app.addHook('preClose', (done) => {
    watches.close();
    done();
  });
  app.get(
    '/jobs/:id/events',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'followJob',
        summary: 'Follow a job as it changes (server-sent events)',
        description:
          '`event: job` has the whole Job as `data` and comes when something has changed; `event: end` follows when it is closed, and the ' +
          'stream ends. Send the last `id` as `Last-Event-ID` to take it up again; a client that has seen the end gets 204.',
        security: [{ key: [] }],
        params: z.object({ id: jobIdSchema }),
        headers: z.looseObject({ 'last-event-id': lastEventIdSchema }),
        response: {
          200: {
            description:
              'The stream. A comment comes every 15 s, so that a quiet line is not taken for a dead one.',
            content: {
              'text/event-stream': {
                schema: z.string(),
                example:
                  'id: 5b1f\nevent: job\ndata: {"id":"job_01929d3e-8c00-7a31-9f5c-0242ac120002","state":"running"}\n\n: alive\n\n',
              },
            },
          },
          204: { description: 'The job is closed, and `Last-Event-ID` names its end.' },
          ...problemResponses([
            ...everywhere,
            'not_found',
            'not_acceptable',
            'invalid_request',
            'too_many_listeners',
          ]),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { tenantId } = keyOf(request);
      if (!acceptsEventStream(request.headers.accept)) {
        return sendRefusal(request, reply, refuse('not_acceptable'));
      }
      const state = await readJobState(database, tenantId, id);
      if (state === null) return sendRefusal(request, reply, refuse('not_found'));
      if (request.method === 'HEAD') return sendEvents(reply, Readable.from([]));

      const lastSeen = request.headers['last-event-id'] ?? null;
      const read = () => readWholeJob(database, tenantId, id);
      if (finalJobStates.some((final) => final === state)) {
        const job = await read();
        if (!job) return sendRefusal(request, reply, refuse('not_found'));
        const snapshot = snapshotOf(job);
        if (snapshot.end?.id === lastSeen) return reply.code(204).send();
        const stream = new JobEventStream(lastSeen);
        stream.show(snapshot);
        return sendEvents(reply, stream);
      }

      const release = places.take(tenantId);
      if (!release) return sendRefusal(request, reply, refuse('too_many_listeners'));
      const stream = new JobEventStream(lastSeen);
      const beating = setInterval(() => stream.beat(), limits.heartbeatEvery_ms).unref();
      // Who comes again with a revoked key is refused.
      request.whenKeyEnds = () => stream.leave();
      const ageing = setTimeout(() => stream.leave(), limits.lifeMax_ms).unref();
      // A stream is closed when it has ended, and when its listener has gone.
      stream.once('close', () => {
        clearInterval(beating);
        clearTimeout(ageing);
        release();
      });
      watches.join(id, stream, read);
      return sendEvents(reply, stream);
    },
  );
}

function sendEvents(reply: FastifyReply, stream: Readable): FastifyReply {
  return (
    reply
      .type('text/event-stream')
      .header('cache-control', 'no-store')
      // nginx gathers answers before it passes them on.
      .header('x-accel-buffering', 'no')
      .send(stream)
  );
}
