import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const directory = new URL('../../migrations/', import.meta.url);
/** Any constant: it keeps two processes from migrating at once. */
const lock = 7_247_001;

export interface Migrated {
  readonly applied: readonly string[];
  readonly already: number;
}

interface MigrationPatience {
  /** How long a file waits for each of its locks; everybody who comes after it to that table waits as long. */
  readonly lockTimeout_ms: number;
  /** Between two tries, in which those who queued up behind it get through. */
  readonly pause_ms: number;
  readonly triesMax: number;
  /** Called before each pause, with a line for an operator. */
  readonly onWait: (line: string) => void;
}

const patience: MigrationPatience = {
  lockTimeout_ms: 3_000,
  pause_ms: 5_000,
  triesMax: 20,
  onWait: () => undefined,
};
/** lock_not_available, https://www.postgresql.org/docs/17/errcodes-appendix.html */
const lockNotAvailable = '55P03';
const insufficientPrivilege = '42501';

/**
 * Brings a database up to this version: applies the files of `migrations/` that it has not seen, in order of name, each
 * in a transaction of its own. Safe to call from several processes at once. One open reader keeps a file from the table that it
 * alters, and would keep everybody from it who comes after the file: so a file waits briefly, lets them through, and is tried again.
 * @throws MigrationChanged when a file that was applied before has been edited since.
 */
export async function migrate(
  url: string,
  patient: Partial<MigrationPatience> = {},
): Promise<Migrated> {
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
      await applyPatiently(client, { name, sql, sha256 }, { ...patience, ...patient });
      applied.push(name);
    }
    if (applied.length > 0) await client.query('SELECT store.open_views()');
    return { applied, already: seen.size };
  } finally {
    await client.end();
  }
}

interface MigrationFile {
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

async function applyPatiently(
  client: pg.Client,
  file: MigrationFile,
  { lockTimeout_ms, pause_ms, triesMax, onWait }: MigrationPatience,
): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    if (await wasApplied(client, file, lockTimeout_ms)) return;
    const inUse = `${file.name}: a table that it alters is in use (try ${tried} of ${triesMax})`;
    if (tried >= triesMax) {
      throw new Error(
        `${inUse}; nothing of it was applied: end what keeps the table (a backup, an open transaction: pg_stat_activity), then migrate again`,
      );
    }
    onWait(`${inUse}; tried again in ${pause_ms} ms`);
    await delay(pause_ms);
  }
}

/** False: it did not get a lock in time, and was rolled back. */
async function wasApplied(
  client: pg.Client,
  { name, sql, sha256 }: MigrationFile,
  lockTimeout_ms: number,
): Promise<boolean> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = ${lockTimeout_ms}`);
    await client.query(sql);
    await client.query('INSERT INTO public.rollcall_migrations (name, sha256) VALUES ($1, $2)', [
      name,
      sha256,
    ]);
    await client.query('COMMIT');
    return true;
  } catch (error) {
    await client.query('ROLLBACK');
    if (error instanceof pg.DatabaseError && error.code === lockNotAvailable) return false;
    // What an administrator types is in it.
    const says = error instanceof pg.DatabaseError && error.code === insufficientPrivilege;
    const why = says ? `: ${error.message}` : '';
    throw new Error(`migration ${name} failed and was rolled back${why}`, { cause: error });
  }
}

/** Migrations go forward only: an applied file is history. Put the change in a new file. */
export class MigrationChanged extends Error {
  readonly code = 'migration_changed';
  constructor(name: string) {
    super(`${name} was applied before and has been edited since; put the change in a new file`);
  }
}
