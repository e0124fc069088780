import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Ground } from './open-ground.ts';

/** The tables with a row per number, each in the order in which it is written. */
const orders = { job_numbers: 'job_no, number', results: 'job_no, number' } as const;
export type RowTable = keyof typeof orders;

/**
 * The floor: COPY of the very rows that a database has in these tables, sorted, by its superuser into the same tables, partitions and indexes of a fresh database of
 * the same server; one transaction each, one client, text from a file. Returns seconds a table, and the processor time of server and client.
 */
export async function copyFloor(
  ground: Ground,
  databaseUrl: string,
  tables: readonly RowTable[],
  folder: string,
): Promise<{ readonly seconds: Readonly<Record<string, number>>; readonly processor_s: number }> {
  const seconds: Record<string, number> = {};
  let processor_s = 0;
  const files = tables.map((table) => ({ table, path: `${folder}/${table}.copy` }));
  await connected(databaseUrl, async (client) => {
    for (const { table, path } of files) {
      const rows = `COPY (SELECT * FROM store.${table} ORDER BY ${orders[table]}) TO STDOUT`;
      await pipeline(client.query(copyTo(rows)), createWriteStream(path));
    }
  });
  const floorUrl = await ground.freshDatabase();
  await connected(floorUrl, async (client) => {
    const before = (await ground.processorTime_s()) + ownProcessorTime_s();
    for (const { table, path } of files) {
      const begun = performance.now();
      const bytes = createReadStream(path, { highWaterMark: 1 << 20 });
      await pipeline(bytes, client.query(copyFrom(`COPY store.${table} FROM STDIN`)));
      seconds[table] = (performance.now() - begun) / 1_000;
    }
    processor_s = (await ground.processorTime_s()) + ownProcessorTime_s() - before;
  });
  return { seconds, processor_s };
}

function ownProcessorTime_s(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}

async function connected(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'rollcall bench' });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
