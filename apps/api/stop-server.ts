import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

const sweep_ms = 100;

/**
 * Takes no more connections, lets running requests finish for as long as `deadline_ms`, then drops them. A job whose
 * answer was dropped is stored whole or not at all; its caller asks again with the same Idempotency-Key.
 */
export async function stopServer(app: FastifyInstance, deadline_ms: number): Promise<void> {
  const enough = new AbortController();
  // Node closes what is idle once, at the start; what becomes idle later would be kept alive for a minute.
  const sweeping = setInterval(() => app.server.closeIdleConnections(), sweep_ms);
  const closed = app.close().finally(() => enough.abort());
  await Promise.race([
    closed,
    delay(deadline_ms, undefined, { signal: enough.signal }).catch(() => undefined),
  ]);
  clearInterval(sweeping);
  app.server.closeAllConnections();
  await closed;
}
