import { type Ready, readySchema } from '@rollcall/contract';
import { ConnectionLost, readJson, refusalOf, unreachable } from '../api.ts';
import type { Context } from '../context.ts';
import type { Finding } from './finding.ts';

/** Postgres and the queue, as the API sees them. Throws CommandFailed where the API is away. */
export async function askReadiness({ api, signal }: Context): Promise<Ready> {
  const answer = await api.exchange('GET', '/readyz', { signal }).catch((error: unknown) => {
    if (error instanceof ConnectionLost) throw unreachable(api.url, error);
    throw error;
  });
  const body = await readJson(answer, api.url);
  // 503 is its way to say that something is away.
  const ready = readySchema.safeParse(body);
  if (!ready.success) throw refusalOf(answer, body, api.url);
  return ready.data;
}

export function readinessFindings({ postgres, queue }: Ready): Finding[] {
  return [
    ...(postgres.ok
      ? []
      : [
          finding(
            `the API does not reach Postgres: ${postgres.reason ?? 'no answer'}; nothing is taken and nothing moves until it is back`,
            'bring Postgres back (docs/operations.md#postgres-gone); work resumes by itself',
          ),
        ]),
    // Both of them are one Postgres where there is no Redis.
    ...(queue.ok || (queue.backend === 'postgres' && !postgres.ok)
      ? []
      : [
          finding(
            `the API does not reach the queue on ${queue.backend}: ${queue.reason ?? 'no answer'}; jobs are taken, but nothing moves until it is back, then within ten seconds`,
            queue.backend === 'redis'
              ? 'bring Redis back (docs/operations.md#redis-gone); nothing has to be restored'
              : 'bring Postgres back (docs/operations.md#postgres-gone)',
          ),
        ]),
  ];
}

function finding(what: string, first: string): Finding {
  return { kind: 'not_ready', what, since: null, money: null, first, command: null };
}
