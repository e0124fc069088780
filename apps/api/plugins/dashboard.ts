import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Database } from '@rollcall/db';
import type { Queues } from '@rollcall/queue';
import type { FastifyInstance } from 'fastify';
import { refuse, sendRefusal } from '../refusal.ts';
import { authPlugin } from './auth.ts';
import { pageContent } from './security-headers.ts';

interface DashboardOptions {
  readonly database: Database;
  readonly queues: Queues;
}

export const dashboardPath = '/admin/queues';

/**
 * The Bull dashboard: doorbells, which hold ids only. For keys with `admin`, in a browser with the key as the password.
 * Read-only twice: the board's own mode, and no method but GET gets through here.
 */
export async function dashboardPlugin(
  app: FastifyInstance,
  { database, queues }: DashboardOptions,
): Promise<void> {
  pageContent(app);
  await app.register(authPlugin, { database, basic: true, scope: 'admin' });
  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    void reply.header('allow', 'GET, HEAD');
    return sendRefusal(request, reply, refuse('method_not_allowed'));
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    const isPage = String(reply.getHeader('content-type')).startsWith('text/html');
    done(null, isPage && typeof payload === 'string' ? withoutForeignLinks(payload) : payload);
  });

  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(dashboardPath);
  createBullBoard({
    queues: queues.all().map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    // The adapter was built against the release before, whose types differ by a private field only.
    serverAdapter: serverAdapter as unknown as IServerAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Rollcall: doorbells',
        hideRedisDetails: true,
        environment: { label: queues.backend, color: '#6b7280' },
      },
    },
  });
  // Its own routes carry no schema of ours, and answer as they are.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(serverAdapter.registerPlugin());
}

/** The board's page asks Google for its fonts. The policy would stop the browser; the page should not even ask. */
function withoutForeignLinks(html: string): string {
  return html.replace(/<link\b[^>]*\bhref="https?:[^"]*"[^>]*>/g, '');
}
