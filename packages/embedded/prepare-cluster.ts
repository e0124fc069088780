import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresBinaries } from './find-postgres-binaries.ts';
import { runTool } from './run-tool.ts';
import { prepareServerDirectory, type ServerDirectory } from './server-directory.ts';
import { giveToServer, serverOwner } from './server-owner.ts';

/** A cluster on disk and how to get in. */
export type Cluster = { base: ServerDirectory; directory: string; password: string };

/** The superuser of a cluster of ours. */
export const POSTGRES_USER = 'rollcall';
/** The major version of the binaries in the catalog; a cluster of another one cannot be opened. */
const MAJOR_VERSION = '17';

/**
 * ```
 * base/         ours: password, server.log
 *   cluster/    the server's account's
 * ```
 * initdb fills cluster.partial and a rename makes it the cluster, so an interrupted first start is simply done again.
 */
export async function prepareCluster(
  binaries: PostgresBinaries,
  dataDirectory: string | undefined,
): Promise<Cluster> {
  const base = await prepareServerDirectory('postgres', dataDirectory);
  try {
    return await openCluster(binaries, base);
  } catch (error) {
    if (base.temporary) await rm(base.path, { recursive: true, force: true });
    throw error;
  }
}

async function openCluster(binaries: PostgresBinaries, base: ServerDirectory): Promise<Cluster> {
  const directory = join(base.path, 'cluster');
  const passwordFile = join(base.path, 'password');
  const version = await readIfThere(join(directory, 'PG_VERSION'));
  if (version === undefined) {
    const password = randomBytes(24).toString('hex');
    await rm(passwordFile, { force: true });
    await writeFile(passwordFile, password, { mode: 0o600, flag: 'wx' });
    const cluster = { base, directory, password };
    await initialise(binaries, cluster);
    return cluster;
  }
  if (version.trim() !== MAJOR_VERSION) {
    throw new Error(
      `${directory} was made by Postgres ${version.trim()} and this is Postgres ${MAJOR_VERSION}: dump and restore it, or choose another directory.`,
    );
  }
  return { base, directory, password: await readFile(passwordFile, 'utf8') };
}

async function initialise(binaries: PostgresBinaries, cluster: Cluster): Promise<void> {
  const partial = `${cluster.directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { mode: 0o700 });
  // initdb takes the password from a file only, and reads it as the server's account.
  const passwordForInitdb = join(partial, 'password');
  const data = join(partial, 'data');
  await writeFile(passwordForInitdb, cluster.password, { mode: 0o600 });
  await giveToServer(passwordForInitdb);
  await giveToServer(partial);
  const run = await runTool(
    binaries.initdb,
    [
      ...['-D', data, '-U', POSTGRES_USER, `--pwfile=${passwordForInitdb}`, '--auth=scram-sha-256'],
      // The built-in locale sorts alike on every machine, whatever its C library.
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(cluster.base.temporary ? ['--no-sync'] : []),
    ],
    { timeoutMs: 120_000, owner: serverOwner() },
  );
  if (run.kind === 'failed') throw new Error(`initdb in ${data} failed: ${run.complaint}`);
  await rename(data, cluster.directory);
  await rm(partial, { recursive: true, force: true });
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
