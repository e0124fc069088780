import type { Socket } from 'node:net';
import type pg from 'pg';
import { lookAfresh } from './look-afresh.ts';

const look_ms = 2_500;
/** Looks in a row without a byte, which is 10 s: a process that was stopped itself has missed looks, and made none that it could count. */
const silentLooks = 4;
const answerDeadline_ms = 2_000;

/** pg's own fields, which its types do not name. `readyForQuery` is false while a statement waits for its answer. */
interface Connected {
  readonly connection: { readonly stream: Socket };
  readonly processID: number | null;
  readonly readyForQuery?: boolean;
}

interface Watched {
  bytesRead: number;
  looks: number;
}

/**
 * Drops a connection of the pool on which a statement waits for an answer that nobody will give: its host is gone without a word, or the
 * line between. TCP alone would find out after a quarter of an hour. A statement may rightly take long, so nothing is judged by time: once
 * nothing came for 10 s, Postgres is asked over a new connection, and only what it has no backend for, or one that has been idle for as
 * long, is dropped; whoever waits on it gets an error as from a connection that was reset. Where Postgres does not answer the question either, or a
 * pooler between gives process ids of its own, nothing is dropped. Returns how to end it.
 */
export function dropSilentConnections(pool: pg.Pool, url: string): () => void {
  const inUse = new Map<pg.PoolClient, Watched>();
  let looking = false;
  pool.on('acquire', (client) => inUse.set(client, { bytesRead: 0, looks: 0 }));
  pool.on('release', (_, client) => inUse.delete(client));

  function isSilent(client: pg.PoolClient): boolean {
    const { connection, readyForQuery } = inside(client);
    return readyForQuery === false && connection.stream.bytesRead === inUse.get(client)?.bytesRead;
  }

  function silent(): readonly pg.PoolClient[] {
    return [...inUse].flatMap(([client, watched]) => {
      watched.looks = isSilent(client) ? watched.looks + 1 : 0;
      watched.bytesRead = inside(client).connection.stream.bytesRead;
      return watched.looks >= silentLooks ? [client] : [];
    });
  }

  async function look(): Promise<void> {
    const suspects = silent();
    if (suspects.length === 0) return;
    // As the URL's own role: to another, Postgres does not tell what the backends of this login do, and every one of them would pass for at work.
    const told = await lookAfresh(url, null, answerDeadline_ms, (db) =>
      backendsAtWork(db, suspects),
    );
    if (told === null) return;
    for (const client of suspects) {
      const { connection, processID } = inside(client);
      // It may have been answered meanwhile.
      if (processID === null || told.has(processID) || !isSilent(client)) continue;
      connection.stream.destroy(
        Object.assign(new Error('the connection is silent and Postgres not at work for it'), {
          code: 'ECONNRESET',
        }),
      );
    }
  }

  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  }, look_ms);
  timer.unref();
  return () => clearInterval(timer);
}

function inside(client: pg.PoolClient | pg.Client): Connected {
  return client as unknown as Connected;
}

/** The process ids among these connections' for which Postgres is at work, or was a moment ago; all of them where it cannot be told. */
async function backendsAtWork(
  db: pg.Client,
  suspects: readonly pg.PoolClient[],
): Promise<ReadonlySet<number>> {
  const all = suspects.flatMap((client) => inside(client).processID ?? []);
  const { rows } = await db.query<{ own: number; at_work: number[] }>(
    `SELECT pg_backend_pid() AS own, ARRAY(
       SELECT pid FROM pg_stat_activity WHERE pid = ANY($1) AND datname = current_database()
          AND (state IS NULL OR state NOT IN ('idle', 'idle in transaction', 'idle in transaction (aborted)')
               OR state_change > clock_timestamp() - $2 * interval '1 millisecond')) AS at_work`,
    [all, silentLooks * look_ms],
  );
  const row = rows[0];
  return new Set(row && row.own === inside(db).processID ? row.at_work : all);
}
