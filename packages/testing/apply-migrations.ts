import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';

const DIRECTORY = join(import.meta.dirname, '../../migrations');

/** Runs every file of migrations/ in the order of their names, each in one implicit transaction. */
export async function applyMigrations(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const names = (await readdir(DIRECTORY)).filter((name) => name.endsWith('.sql')).toSorted();
    for (const name of names) {
      await client.query(await readFile(join(DIRECTORY, name), 'utf8')).catch((cause: unknown) => {
        throw new Error(`migrations/${name} failed: ${String(cause)}`, { cause });
      });
    }
  } finally {
    await client.end();
  }
}
