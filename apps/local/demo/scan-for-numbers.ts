import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Database } from '@rollcall/db';
import type { Installation } from '../start-installation.ts';
import { DemoFailed } from './demo-failed.ts';
import { renderTable } from './render-table.ts';

const program = join(import.meta.dirname, '../../api/scan-for-numbers.ts');

interface Scanned {
  readonly path: string;
  readonly bytes: number;
  readonly hits: number;
}

/**
 * Looks for the numbers of the demo in every place where none may be: what the processes wrote, the queue, the metrics, the audit trail; by
 * the program that operators have for that. Returns a table of it; throws DemoFailed where one is found.
 */
export async function scanForNumbers(
  { database, children, apiUrl }: Installation,
  folder: string,
  numbers: Iterable<string>,
): Promise<string> {
  const list = join(folder, 'numbers.txt');
  await writeFile(list, [...numbers].join('\n'), { mode: 0o600 });
  const metrics = async () => (await fetch(`${apiUrl}/metrics`)).text();
  const names = new Map(children.map(({ name, logPath }) => [logPath, `log of the ${name}`]));
  for (const [name, read] of [
    ['queue', () => queueText(database)],
    ['metrics', metrics],
    ['audit trail', () => tableText(database, 'store.audit_trail')],
  ] as const) {
    const path = join(folder, `${name}.txt`);
    await writeFile(path, await read(), { mode: 0o600 });
    names.set(path, name);
  }
  const scanned = await run(['--numbers', list, ...names.keys()]);
  const found = scanned.filter(({ hits }) => hits > 0).map(({ path }) => names.get(path) ?? path);
  if (found.length > 0) throw new DemoFailed(`phone numbers stand in: ${found.join(', ')}`, 'api');
  return renderTable([
    ['searched for numbers', 'bytes', 'found'],
    ...scanned.map(({ path, bytes, hits }) => [
      names.get(path) ?? path,
      String(bytes),
      String(hits),
    ]),
  ]);
}

/** With exit code 1 something was found, and its lines say where. */
async function run(flags: readonly string[]): Promise<readonly Scanned[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...flags]).catch(
    (error: { readonly code?: unknown; readonly stdout: string }) => {
      if (error.code === 1 && error.stdout !== '') return error;
      throw error;
    },
  );
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Scanned);
}

/** Every row of the queue's tables; its doorbells are in Postgres, since the demo has no Redis. */
async function queueText(database: Database): Promise<string> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = to_regnamespace('bullmq') AND relkind = 'r'`,
  );
  return (await Promise.all(rows.map(({ name }) => tableText(database, name)))).join('\n');
}

/** `name` is Postgres's own, quoted where it must be. */
async function tableText(database: Database, name: string): Promise<string> {
  const { rows } = await database.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
  return rows.map(({ row }) => row).join('\n');
}
