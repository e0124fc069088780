import { readySchema } from '@rollcall/contract';
import { ConnectionLost, readJson, refusalOf, unreachable } from '../api.ts';
import type { Context } from '../context.ts';
import type { Finding } from './finding.ts';

/** Postgres and the queue, as the API sees them. */
export async function examineReadiness({ api, signal }: Context): Promise<Finding[]> {
  const answer = await api.exchange('GET', '/readyz', { signal }).catch((error: unknown) => {
    if (error instanceof ConnectionLost) throw unreachable(api.url, error);
    throw error;
  });
  const body = await readJson(answer, api.url);
  // 503 is its way to say that something is away.
  const ready = readySchema.safeParse(body);
  if (!ready.success) throw refusalOf(answer, body, api.url);
  const { postgres, queue } = ready.data;
  return [
    ...(postgres.ok
      ? []
      : [finding(`the API does not reach Postgres: ${postgres.reason ?? 'no answer'}`)]),
    ...(queue.ok
      ? []
      : [
          finding(
            `the API does not reach the queue on ${queue.backend}: ${queue.reason ?? 'no answer'}; work goes on by the sweep, seconds later`,
          ),
        ]),
  ];
}

function finding(what: string): Finding {
  return { kind: 'not_ready', what, since: null, money: null, command: null };
}
