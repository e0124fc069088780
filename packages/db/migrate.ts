import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';

const directory = new URL('../../migrations/', import.meta.url);
/** Any constant: it keeps two processes from migrating at once. */
const lock = 7_247_001;

export interface Migrated {
  readonly applied: readonly string[];
  readonly already: number;
}

/**
 * Brings a database up to this version: applies the files of `migrations/` that it has not seen, in order of name, each
 * in a transaction of its own. Safe to call from several processes at once.
 * @throws MigrationChanged when a file that was applied before has been edited since.
 */
export async function migrate(url: string): Promise<Migrated> {
  const client = new pg.Client({ connectionString: url, application_name: 'rollcall migrate' });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [lock]);
    await client.query(`CREATE TABLE IF NOT EXISTS public.rollcall_migrations
      (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const seen = new Map<string, string>();
    for (const row of (await client.query('SELECT name, sha256 FROM public.rollcall_migrations'))
      .rows) {
      seen.set(row.name, row.sha256);
    }
    const applied: string[] = [];
    for (const name of (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort()) {
      const sql = await readFile(new URL(name, directory), 'utf8');
      const sha256 = createHash('sha256').update(sql).digest('hex');
      const before = seen.get(name);
      if (before === sha256) continue;
      if (before !== undefined) throw new MigrationChanged(name);
      await client.query('BEGIN');
      try {
        await client.query(sql);
        await client.query(
          'INSERT INTO public.rollcall_migrations (name, sha256) VALUES ($1, $2)',
          [name, sha256],
        );
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw new Error(`migration ${name} failed and was rolled back`, { cause: error });
      }
      applied.push(name);
    }
    return { applied, already: seen.size };
  } finally {
    await client.end();
  }
}

/** Migrations go forward only: an applied file is history. Put the change in a new file. */
export class MigrationChanged extends Error {
  readonly code = 'migration_changed';
  constructor(name: string) {
    super(`${name} was applied before and has been edited since; put the change in a new file`);
  }
}
