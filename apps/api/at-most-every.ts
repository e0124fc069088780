import { setTimeout as delay } from 'node:timers/promises';

/**
 * Lets `read` run once at a time and at most once in `interval_ms`; whoever asks meanwhile gets what it last gave. Rejects
 * after `deadline_ms`, while the read itself goes on and serves whoever asks next: a Postgres that hangs gets no second query.
 */
export function atMostEvery<T>(
  interval_ms: number,
  deadline_ms: number,
  read: () => Promise<T>,
): () => Promise<T> {
  let reading: { readonly result: Promise<T>; endedAt_ms: number | null } | null = null;

  function current(): Promise<T> {
    const isOld =
      reading?.endedAt_ms !== null && performance.now() - (reading?.endedAt_ms ?? 0) > interval_ms;
    if (reading === null || isOld) {
      const begun: typeof reading = { result: read(), endedAt_ms: null };
      const end = () => {
        begun.endedAt_ms = performance.now();
      };
      begun.result.then(end, end);
      reading = begun;
    }
    return reading.result;
  }

  return async () => {
    const inTime = new AbortController();
    const late = delay(deadline_ms, null, { signal: inTime.signal }).then(
      () => {
        throw new Error(`there was no answer within ${deadline_ms} ms`);
      },
      () => null as never,
    );
    try {
      return await Promise.race([current(), late]);
    } finally {
      inTime.abort();
      late.catch(() => undefined);
    }
  };
}
