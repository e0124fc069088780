import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import { FastifyAdapter } from '@bull-board/fastify';
import { anyHold, type Database, listHolds } from '@rollcall/db';
import type { Queues } from '@rollcall/queue';
import { parseId } from '@rollcall/domain';
import type { FastifyInstance } from 'fastify';
import { chunkPage } from '../dashboard/chunk-page.ts';
import { holdsPage } from '../dashboard/holds-page.ts';
import { withoutNumbers } from '../dashboard/without-numbers.ts';
import { nameDoorbells } from '../dashboard/name-doorbells.ts';
import { chunkPath, dashboardPath, holdsPath, signOutPath } from '../dashboard/paths.ts';
import { holdOf } from '../hold-view.ts';
import type { KeyWatch } from '../key-watch.ts';
import { readWholeChunk, readWholeHold } from '../read-whole-chunk.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { authPlugin } from './auth.ts';
import { asOwnPage, pageContent } from './security-headers.ts';
import { askToSignIn, keyOfBrowser } from './sessions.ts';

interface DashboardOptions {
  readonly database: Database;
  readonly queues: Queues;
  readonly keyWatch: KeyWatch;
}

const holdsShown = 200;

/**
 * The Bull dashboard: doorbells, which hold ids only, named by what Postgres knows of their chunks, and beside it pages of what is held and of each chunk:
 * here, and not under /v1, since a browser that signed in has a cookie and no bearer. For keys with `admin`. Read-only twice: the board's own mode, and
 * no method but GET gets through here.
 */
export async function dashboardPlugin(
  app: FastifyInstance,
  { database, queues, keyWatch }: DashboardOptions,
): Promise<void> {
  pageContent(app);
  await app.register(authPlugin, {
    database,
    keyWatch,
    scope: 'admin',
    browsers: { keyOf: (request) => keyOfBrowser(database, request), signIn: askToSignIn },
  });
  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    void reply.header('allow', 'GET, HEAD');
    return sendRefusal(request, reply, refuse('method_not_allowed'));
  });
  app.addHook('onSend', ({ routeOptions }, reply, payload, done) => {
    // Whoever signs out leaves nothing behind that the next person at this browser could go back to.
    if (!routeOptions.url?.endsWith('/static/*')) void reply.header('cache-control', 'no-store');
    const isPage = String(reply.getHeader('content-type')).startsWith('text/html');
    done(null, isPage && typeof payload === 'string' ? withoutForeignLinks(payload) : payload);
  });

  app.addHook('preSerialization', async ({ apiKey }, _reply, payload) =>
    apiKey === null
      ? payload
      : withoutNumbers(await nameDoorbells(database, apiKey.tenantId, chunkPath, payload)),
  );
  app.get<{ Params: { id: string } }>('/chunk/:id', async (request, reply) => {
    const { tenantId } = keyOf(request);
    const id = parseId('chunk', request.params.id);
    const chunk = id && (await readWholeChunk(database, tenantId, id, null));
    if (!id || !chunk) return sendRefusal(request, reply, refuse('not_found'));
    const hold = await readWholeHold(database, tenantId, id);
    return asOwnPage(reply).send(
      chunkPage(chunk, hold, { board: dashboardPath, holds: holdsPath }),
    );
  });
  app.get<{ Querystring: { job?: string } }>('/holds', async (request, reply) => {
    const jobId = parseId('job', request.query.job ?? '');
    const page = { after: null, limit: holdsShown + 1 };
    const rows = await listHolds(database, keyOf(request).tenantId, { ...anyHold, jobId }, page);
    const shown = rows.slice(0, holdsShown).map(holdOf);
    const more = rows.length > holdsShown;
    return asOwnPage(reply).send(
      holdsPage(shown, more, chunkPath, { board: dashboardPath, jobId }),
    );
  });

  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(dashboardPath);
  createBullBoard({
    queues: queues.all().map(
      (queue) =>
        new BullMQAdapter(queue, {
          readOnlyMode: true,
          delimiter: '.',
          description: descriptionOf(queue.name),
          displayName: queue.name.replace('.', ' to '),
        }),
    ),
    // The adapter was built against the release before, whose types differ by a private field only.
    serverAdapter: serverAdapter as unknown as IServerAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Rollcall: doorbells',
        hideRedisDetails: true,
        hideDocsLink: true,
        miscLinks: [
          { text: 'Held chunks', url: holdsPath },
          { text: 'API reference', url: '/docs' },
          { text: 'Sign out', url: signOutPath },
        ],
        environment: { label: `queue on ${queues.backend}`, color: '#6b7280' },
      },
    },
  });
  // It would answer whatever was thrown with its message, and log nothing. Thrown on, it is an error like those of every other route.
  serverAdapter.setErrorHandler((error) => {
    throw error;
  });
  // Its own routes carry no schema of ours, and answer as they are.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  // A queue that was never reached is waited for, by each look of each open page.
  app.addHook('preHandler', async (request, reply) => {
    if (!request.routeOptions.url?.startsWith(`${dashboardPath}/api/`)) return;
    const health = await queues.healthy();
    if (health.ok) return;
    return sendRefusal(request, reply, refuse('queue_unavailable', { detail: health.reason }));
  });
  await app.register(serverAdapter.registerPlugin());
}

/** The board's page asks Google for its fonts. The policy would stop the browser; the page should not even ask. */
function withoutForeignLinks(html: string): string {
  return html.replace(/<link\b[^>]*\bhref="https?:[^"]*"[^>]*>/g, '');
}

/** What a queue's doorbells ring for, as the board's subtitle. */
function descriptionOf(queue: string): string {
  const [stage = '', account] = queue.split('.');
  switch (stage) {
    case 'plan':
      return 'Cut a job into chunks, or close it';
    case 'submit':
      return `Upload a chunk to ${account}`;
    case 'poll':
      return 'Ask an account for all of its tasks that are due';
    default:
      return 'Download a result and write its rows';
  }
}
