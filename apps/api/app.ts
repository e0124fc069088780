import { randomUUID } from 'node:crypto';
import { type Database, suppressionCheck } from '@rollcall/db';
import type { NumberDigests } from '@rollcall/privacy';
import type { Queues } from '@rollcall/queue';
import type { Logger, Metrics, Tracing } from '@rollcall/telemetry';
import Fastify, { type FastifyInstance } from 'fastify';
import type { AccountBook } from './intake/choose-account.ts';
import { formOverheadBytesMax } from './intake/read-job-request.ts';
import type { IntakeLimits } from './intake/read-outcome.ts';
import type { UploadSlotLimits } from './intake/upload-slots.ts';
import { KeyWatch } from './key-watch.ts';
import { dashboardPath } from './dashboard/paths.ts';
import { clientErrorAnswer } from './plugins/client-errors.ts';
import { auditPlugin } from './plugins/audit.ts';
import { authPlugin } from './plugins/auth.ts';
import { dashboardPlugin } from './plugins/dashboard.ts';
import { endJsonWithNewlinePlugin } from './plugins/end-json-with-newline.ts';
import { type BodyLimits, endSlowBodiesPlugin } from './plugins/end-slow-bodies.ts';
import { firstLookPlugin } from './plugins/first-look.ts';
import { endUnreadBodiesPlugin } from './plugins/end-unread-bodies.ts';
import { errorsPlugin } from './plugins/errors.ts';
import { metricsPlugin } from './plugins/metrics.ts';
import { notFoundPlugin } from './plugins/not-found.ts';
import { openApiPlugin } from './plugins/openapi.ts';
import { type RateLimits, rateLimitPlugin } from './plugins/rate-limit.ts';
import { requestLogPlugin } from './plugins/request-log.ts';
import { securityHeadersPlugin } from './plugins/security-headers.ts';
import { sessionPlugin } from './plugins/sessions.ts';
import { tenantPlugin } from './plugins/tenant.ts';
import { tracingPlugin } from './plugins/tracing.ts';
import { refuse, sendRefusal } from './refusal.ts';
import { cancelJobRoute } from './routes/cancel-job.ts';
import { controlJobRoutes } from './routes/control-job.ts';
import { accountRoutes } from './routes/accounts.ts';
import { auditRoute } from './routes/audit.ts';
import { changeKeyRoutes } from './routes/change-keys.ts';
import { checkRoutes } from './routes/checks.ts';
import { chunkRoutes } from './routes/chunks.ts';
import { createJobRoute } from './routes/create-job.ts';
import { erasureRoutes } from './routes/erasures.ts';
import { type EventLimits, eventRoute } from './routes/events.ts';
import { exportRoute } from './routes/export.ts';
import { healthRoutes } from './routes/health.ts';
import { holdArtifactRoute } from './routes/hold-artifact.ts';
import { holdRoutes } from './routes/holds.ts';
import { jobRoutes } from './routes/jobs.ts';
import { keyRoutes } from './routes/keys.ts';
import { processingRecordsRoute } from './routes/processing-records.ts';
import { rejectRoutes } from './routes/rejects.ts';
import { replayRoutes } from './routes/replays.ts';
import { resultRoutes } from './routes/results.ts';
import { summaryRoutes } from './routes/summary.ts';
import { retryJobRoute } from './routes/retry-job.ts';
import { rootRoute } from './routes/root.ts';
import { suppressionRoutes } from './routes/suppressions.ts';

export interface ApiDependencies {
  readonly database: Database;
  /** Whether the database may be worked with; until then nobody is let in. */
  readonly isDatabaseFine: () => Promise<boolean>;
  readonly queues: Queues;
  /** Read without keys: this process speaks to no provider. */
  readonly accounts: AccountBook;
  /** Of numbers that must not be sent, under the configured secrets. */
  readonly digests: NumberDigests;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly limits: ApiLimits;
}

export interface ApiLimits {
  readonly intake: IntakeLimits;
  /** From the first byte of a request to its last, the largest upload over the slowest line included. */
  readonly requestTimeout_ms: number;
  /** How long a connection may be silent while a request comes in. */
  readonly connectionTimeout_ms: number;
  readonly requestsPerMinute: RateLimits;
  readonly uploads: UploadSlotLimits;
  readonly slowBodies: Omit<BodyLimits, 'uploadBytesMax'>;
  readonly storesAtOnceMax: number;
  readonly exportsAtOnceMax: number;
  readonly exportTimeout_ms: number;
  readonly events: EventLimits;
  /** How many months numbers and results are kept: told in the records of processing. */
  readonly keptMonths: number;
}

/** Builds the API: everything around the routes first, then each resource. `main.ts` lets it listen. */
export async function buildApp(deps: ApiDependencies): Promise<FastifyInstance> {
  const { database, isDatabaseFine, queues, accounts, digests, log, metrics, tracing, limits } =
    deps;
  const app = Fastify({
    logger: false,
    genReqId: (request) => givenRequestId(request.headers['x-request-id']) ?? randomUUID(),
    requestTimeout: limits.requestTimeout_ms,
    connectionTimeout: limits.connectionTimeout_ms,
    http: {
      // Node takes the larger of the two for the request's, whichever it was meant for.
      headersTimeout: Math.min(60_000, limits.requestTimeout_ms),
      connectionsCheckingInterval: Math.min(30_000, limits.requestTimeout_ms),
    },
    forceCloseConnections: 'idle',
    // While it stops, what still comes over a kept connection is answered, and the connection closed then.
    return503OnClosing: false,
    clientErrorHandler: clientErrorAnswer(limits.requestTimeout_ms),
    // A path that cannot be decoded; the answer of Fastify's own would repeat it.
    frameworkErrors: (_error, request, reply) => {
      void sendRefusal(request, reply, refuse('malformed_request'));
    },
    // Ids are 40 characters, queue names at most 70.
    routerOptions: { maxParamLength: 200 },
  });
  app.decorateRequest('apiKey', null);
  app.decorateRequest('endedAs', null);
  app.decorateRequest('whenKeyEnds', null);
  const keyWatch = new KeyWatch(database);
  app.addHook('preClose', (done) => {
    keyWatch.close();
    done();
  });

  // First, so that the lines that the others log belong to the request's span.
  await app.register(tracingPlugin, { tracing });
  await app.register(requestLogPlugin, { log });
  await app.register(errorsPlugin, { log });
  await app.register(auditPlugin, { database, metrics, log });
  await app.register(endUnreadBodiesPlugin);
  await app.register(endSlowBodiesPlugin, {
    ...limits.slowBodies,
    // Twice: it is counted on the wire, where each piece has its length in front, and small pieces come with as much again.
    uploadBytesMax: 2 * (limits.intake.maxBytes + formOverheadBytesMax),
  });
  await app.register(endJsonWithNewlinePlugin);
  await app.register(notFoundPlugin);
  await app.register(securityHeadersPlugin);
  await app.register(rateLimitPlugin, limits.requestsPerMinute);
  await app.register(firstLookPlugin, { isFine: isDatabaseFine });
  await app.register(tenantPlugin);
  await app.register(metricsPlugin, { database, queues, metrics, accounts, log });
  await app.register(openApiPlugin);

  await app.register(rootRoute);
  await app.register(healthRoutes, { database, isDatabaseFine, queues });
  await app.register(
    async (v1) => {
      await v1.register(authPlugin, { database, keyWatch });
      await v1.register(jobRoutes, { database });
      await v1.register(createJobRoute, {
        database,
        queues,
        accounts,
        suppressions: suppressionCheck(digests),
        log,
        intakeLimits: limits.intake,
        uploads: limits.uploads,
        storesAtOnceMax: limits.storesAtOnceMax,
        requestTimeout_ms: limits.requestTimeout_ms,
      });
      await v1.register(controlJobRoutes, { database, queues, accounts, log });
      await v1.register(cancelJobRoute, { database, accounts, log });
      await v1.register(retryJobRoute, { database, queues, accounts, log });
      await v1.register(chunkRoutes, { database });
      await v1.register(holdRoutes, { database, queues, accounts, log });
      await v1.register(holdArtifactRoute, {
        database,
        log,
        downloadsAtOnceMax: limits.exportsAtOnceMax,
        readerStall_ms: limits.connectionTimeout_ms,
      });
      await v1.register(replayRoutes, { database, queues, log });
      await v1.register(checkRoutes, { database, accounts });
      await v1.register(accountRoutes, { database, queues, accounts, log });
      await v1.register(suppressionRoutes, { database, digests });
      await v1.register(erasureRoutes, { database, digests, log });
      await v1.register(processingRecordsRoute, { database, keptMonths: limits.keptMonths });
      await v1.register(resultRoutes, { database });
      await v1.register(summaryRoutes, { database });
      await v1.register(rejectRoutes, { database });
      await v1.register(eventRoute, { database, log, limits: limits.events });
      await v1.register(exportRoute, {
        database,
        log,
        exportsAtOnceMax: limits.exportsAtOnceMax,
        exportTimeout_ms: limits.exportTimeout_ms,
        readerStall_ms: limits.connectionTimeout_ms,
      });
      await v1.register(keyRoutes, { database });
      await v1.register(changeKeyRoutes, { database, log });
      await v1.register(auditRoute, { database });
    },
    { prefix: '/v1' },
  );
  await app.register(sessionPlugin, { database, log });
  await app.register(dashboardPlugin, { prefix: dashboardPath, database, queues, keyWatch });
  return app;
}

/** A caller's own id for a request is taken over where it is a UUID; anything else could be anything. */
function givenRequestId(header: string | string[] | undefined): string | null {
  const shape = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  return typeof header === 'string' && shape.test(header) ? header.toLowerCase() : null;
}
