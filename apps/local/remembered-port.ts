import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPortFree } from './is-port-free.ts';
import { fieldsOf } from './start-child.ts';

const fileName = 'ports.json';

/**
 * The port that Postgres had on this data folder last time, so that a psql or a client stays set up; 0, which takes a free one, where
 * it had none or somebody else has it by now.
 */
export async function rememberedPort(folder: string): Promise<number> {
  const { postgres } = fieldsOf(await readFile(join(folder, fileName), 'utf8').catch(() => '{}'));
  return typeof postgres === 'number' && (await isPortFree('127.0.0.1', postgres)) ? postgres : 0;
}

/** Keeps the port of a database's URL for `rememberedPort`. */
export async function rememberPort(folder: string, databaseUrl: string): Promise<void> {
  const ports = { postgres: Number(new URL(databaseUrl).port) };
  await writeFile(join(folder, fileName), `${JSON.stringify(ports)}\n`);
}
