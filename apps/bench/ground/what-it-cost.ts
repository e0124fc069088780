import type { Ground } from './open-ground.ts';
import type { Site } from './open-site.ts';

/** What a day of numbers is kept in, and whatever else: bytes of tables with their indexes. */
const kept = ['job_numbers', 'results', 'blob_parts'] as const;

interface Tally {
  readonly operation: string;
  readonly started_at_ms: readonly number[];
}

/** What is used up since `startCost`, in words: WAL, room on the disk by table, calls of the providers. */
export async function startCost(
  ground: Ground,
  databaseUrl: string,
  site: Pick<Site, 'simulator'>,
): Promise<() => Promise<string>> {
  const before = await look(ground, databaseUrl);
  return async () => {
    const after = await look(ground, databaseUrl);
    const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    const tables = kept.map((table) => `${table} ${inMb(grown(table))}`);
    return `WAL ${inMb(grown('wal'))}; disk ${inMb(grown('database'))}: ${tables.join(', ')}; ${await callsOf(site)}`;
  };
}

async function look(ground: Ground, url: string): Promise<Readonly<Record<string, number>>> {
  const [sizes] = await ground.query<Record<string, number>>(
    url,
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS wal, pg_database_size(current_database())::float8 AS database,
            ${kept.map((table) => `(SELECT sum(pg_total_relation_size(relid))::float8 FROM pg_partition_tree('store.${table}')) AS ${table}`).join(', ')}`,
  );
  return sizes ?? {};
}

function inMb(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

async function callsOf({ simulator }: Pick<Site, 'simulator'>): Promise<string> {
  const { requests } = (await simulator.control('GET', 'requests')) as {
    readonly requests: readonly Tally[];
  };
  const calls = new Map<string, number>();
  for (const { operation, started_at_ms } of requests)
    calls.set(operation, (calls.get(operation) ?? 0) + started_at_ms.length);
  const told = [...calls].map(([operation, count]) => `${operation} ${count}`);
  return `calls of the provider: ${told.join(', ')}`;
}
