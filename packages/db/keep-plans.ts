import { createHash } from 'node:crypto';
import type pg from 'pg';

/** A statement that comes so often is one of the hot path, and not one that a person asked for. */
const timesUntilKept = 3;
/**
 * No more are kept: a statement whose text is put together anew each time would fill the server's memory (some 20 KB a plan and connection).
 * The worker has 130 that come again.
 */
const keptMax = 300;
const countedMax = 2_000;

/**
 * Has statements that come again and again parsed and planned by the server once a connection (a prepared statement), instead of each time:
 * of a small one, that is most of what it costs. Only texts with parameters are, and only of those who may see all rows: where walls between tenants stand,
 * nothing of a statement outlives it.
 *
 * A worker's plans serve all parameters from the first on (`settingsAs`), by sizes that were known then; so connections have to end now and then (`maxLifetimeSeconds`).
 */
export function keepPlans(pool: pg.Pool): void {
  const names = new Map<string, string>();
  const seen = new Map<string, number>();

  function nameOf(text: string): string | undefined {
    const name = names.get(text);
    if (name !== undefined || names.size === keptMax) return name;
    const times = (seen.get(text) ?? 0) + 1;
    if (times < timesUntilKept) {
      if (seen.size === countedMax) seen.clear();
      seen.set(text, times);
      return undefined;
    }
    seen.delete(text);
    // Names are cut at 63 bytes.
    const kept = `kept_${createHash('sha256').update(text).digest('hex').slice(0, 40)}`;
    names.set(text, kept);
    return kept;
  }

  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...asked: unknown[]) => unknown;
    client.query = ((statement: unknown, values?: unknown, ...rest: unknown[]) => {
      const name =
        typeof statement === 'string' && Array.isArray(values) ? nameOf(statement) : undefined;
      return name === undefined
        ? query(statement, values, ...rest)
        : query({ name, text: statement }, values, ...rest);
    }) as typeof client.query;
  });
}
