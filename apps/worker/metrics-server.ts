import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Metrics } from '@rollcall/telemetry';

/** What a worker needs, as it answers now: the shape of the API's `/readyz`. */
interface Readiness {
  readonly postgres: { readonly ok: boolean; readonly reason?: string };
  readonly queue: { readonly ok: boolean; readonly reason?: string; readonly backend: string };
}

export interface MetricsServer {
  /** Where it listens. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * All that a worker answers: `/metrics` for Prometheus, `/healthz` for whoever restarts containers (200 while the process
 * lives and its event loop turns), and `/readyz`, which names what is down of Postgres and the queue. It has no key: give it an address that only they reach.
 *
 * @throws where the address cannot be listened on.
 */
export async function openMetricsServer(
  { host, port }: { readonly host: string; readonly port: number },
  metrics: Metrics,
  askReadiness: () => Promise<Readiness>,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, contentType: string, text: string): void => {
      response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : text);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, plain, '');
    switch (request.url?.split('?')[0]) {
      case '/healthz':
        return answer(200, 'application/json', '{"status":"alive"}');
      case '/metrics':
        void metrics.read().then(
          ({ contentType, text }) => answer(200, contentType, text),
          () => answer(500, plain, ''),
        );
        return;
      case '/readyz':
        void askReadiness().then(
          (parts) => {
            const ready = parts.postgres.ok && parts.queue.ok;
            const status = ready ? 'ready' : 'not_ready';
            answer(ready ? 200 : 503, 'application/json', JSON.stringify({ status, ...parts }));
          },
          () => answer(500, plain, ''),
        );
        return;
      default:
        return answer(404, plain, '');
    }
  });
  server.listen(port, host);
  await once(server, 'listening');
  return { port: portOf(server), close: () => close(server) };
}

const plain = 'text/plain; charset=utf-8';

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
