import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/**
 * Takes no more connections, lets running requests finish for as long as `deadline_ms`, then drops them. A job whose
 * answer was dropped is stored whole or not at all; its caller asks again with the same Idempotency-Key.
 */
export async function stopServer(app: FastifyInstance, deadline_ms: number): Promise<void> {
  const enough = new AbortController();
  const closed = app.close().finally(() => enough.abort());
  await Promise.race([
    closed,
    delay(deadline_ms, undefined, { signal: enough.signal }).catch(() => undefined),
  ]);
  app.server.closeAllConnections();
  await closed;
}
