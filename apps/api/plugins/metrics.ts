import { type Database, metricReader } from '@rollcall/db';
import type { Queues } from '@rollcall/queue';
import { describeError, type Logger, type Metrics } from '@rollcall/telemetry';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { databaseSeries, type DatabaseSeries } from '../database-series.ts';
import { atMostEvery } from '../at-most-every.ts';
import type { AccountBook } from '../intake/choose-account.ts';
import { readQueueDepths } from '../read-queue-depths.ts';

interface MetricsOptions {
  readonly database: Database;
  readonly queues: Queues;
  readonly metrics: Metrics;
  readonly accounts: AccountBook;
  readonly log: Logger;
}

/** However many scrape, and however often: so seldom Postgres and the queue are asked. */
const readEvery_ms = 5_000;
/** Prometheus gives a scrape 10 s by default; what comes later is in the next one. */
const readDeadline_ms = 5_000;

/**
 * Times every answer, and answers `/metrics`: what this process counted, and what Postgres and the queue say of the whole
 * installation. It asks for no key, as Prometheus has none: docs/operations.md says who may reach it. What cannot be read
 * is left out and said to be, never repeated from before.
 */
export const metricsPlugin = fastifyPlugin(
  (app: FastifyInstance, options: MetricsOptions, done: () => void) => {
    const { database, queues, metrics, accounts, log } = options;
    app.addHook('onResponse', (request, reply, next) => {
      const { method, routeOptions } = request;
      metrics.observe(
        'rollcall_http_request_duration_seconds',
        { method, route: routeOptions.url ?? 'none', status: String(reply.statusCode) },
        reply.elapsedTime,
      );
      next();
    });

    const readFacts = metricReader(database);
    const readDatabase = atMostEvery(readEvery_ms, readDeadline_ms, async () => {
      const start_ms = performance.now();
      const facts = await readFacts();
      return { facts, took_seconds: (performance.now() - start_ms) / 1_000 };
    });
    const readQueues = atMostEvery(readEvery_ms, readDeadline_ms, () => readQueueDepths(queues));

    const showDatabase = async (): Promise<void> => {
      const read = await readDatabase().catch((error: unknown) => {
        log.warn('metrics.not_read', { backend: 'postgres', ...describeError(error) });
        return null;
      });
      const series: DatabaseSeries = databaseSeries(read, accounts.accounts);
      for (const [name, values] of series) metrics.replace(name, values);
    };
    const showQueues = async (): Promise<void> => {
      const depths = await readQueues().catch((error: unknown) => {
        const { backend } = queues;
        log.warn('metrics.not_read', { reason: 'queue', backend, ...describeError(error) });
        return null;
      });
      metrics.replace('rollcall_queue_doorbells', depths ?? []);
      metrics.replace('rollcall_queue_read_success', [
        { labels: {}, value: depths === null ? 0 : 1 },
      ]);
    };

    app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
      await Promise.all([showDatabase(), showQueues()]);
      const { contentType, text } = await metrics.read();
      return reply.header('cache-control', 'no-store').type(contentType).send(text);
    });
    done();
  },
  { name: 'metrics' },
);
