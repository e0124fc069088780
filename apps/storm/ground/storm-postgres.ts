import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { migrate, openDatabase } from '@rollcall/db';
import {
  disposableSettings,
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '@rollcall/embedded';
import { watchSql } from './watch-sql.ts';

/** A cluster of the storm's own, which it may kill. */
export interface StormPostgres {
  /** A fresh database, migrated and watched; the URL is the superuser's. */
  createDatabase(name: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  /** The same database as another role of the storm: `storm_1` … */
  urlAs(url: string, role: string): string;
  /** An immediate shutdown: no checkpoint, every connection lost; back after `down_ms` and the recovery from the log. */
  restartImmediately(down_ms: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * No fsync: the machine does not go down, only the server does, and what it has handed to the kernel stays. COMMIT must wait for that
 * much, though: `synchronous_commit=off` would lose what was acknowledged.
 */
const settings = { ...disposableSettings, shared_buffers: '48MB' };
const template = 'storm_template';
const rolePassword = 'storm';
/** More than an episode has workers. */
const roles = ['storm_1', 'storm_2', 'storm_3', 'storm_4'];

export async function startStormPostgres(folder: string): Promise<StormPostgres> {
  const dataDirectory = await mkdtemp(join(folder, 'postgres-'));
  // Servers run as another account when we are root, which must be able to walk here.
  await chmod(dataDirectory, 0o711);
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ dataDirectory, settings });
  const port = Number(new URL(server.url).port);
  const maintenance = server.url;
  let restarting: Promise<void> = Promise.resolve();

  await run(
    maintenance,
    roles.map((role) => `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD '${rolePassword}'`),
  );
  await run(maintenance, [`CREATE DATABASE ${template}`]);
  const templateUrl = withDatabase(maintenance, template);
  await migrate(templateUrl);
  await run(templateUrl, [watchSql]);
  // Whoever is connected to a template makes CREATE DATABASE fail.
  await run(maintenance, [
    `ALTER DATABASE ${template} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`,
  ]);

  return {
    async createDatabase(name) {
      await run(maintenance, [`CREATE DATABASE ${name} TEMPLATE ${template}`]);
      return withDatabase(maintenance, name);
    },
    async dropDatabase(name) {
      await run(maintenance, [`DROP DATABASE ${name} WITH (FORCE)`]);
    },
    urlAs(url, role) {
      const as = new URL(url);
      as.username = role;
      as.password = rolePassword;
      return as.href;
    },
    restartImmediately(down_ms) {
      restarting = restarting.then(async () => {
        const [pid] = (
          await readFile(join(dataDirectory, 'cluster', 'postmaster.pid'), 'utf8')
        ).split('\n');
        process.kill(Number(pid), 'SIGQUIT');
        await server.stop();
        await delay(down_ms);
        server = await startEmbeddedPostgres({ dataDirectory, port, settings });
      });
      return restarting;
    },
    async stop() {
      await restarting.catch(() => undefined);
      await server.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

function withDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

async function run(url: string, statements: readonly string[]): Promise<void> {
  const db = openDatabase({
    url,
    maxConnections: 1,
    applicationName: 'rollcall storm',
    onIdleError: () => undefined,
  });
  try {
    for (const statement of statements) await db.query(statement);
  } finally {
    await db.close();
  }
}
