import { randomBytes } from 'node:crypto';
import { migrate } from '@rollcall/db';
import { keptSettings, startEmbeddedPostgres } from '@rollcall/embedded';
import pg from 'pg';
import { parentOf, processorTimeOf } from './processor-time.ts';

/** A Postgres that forgets nothing, for one bench. */
export interface Ground {
  /** The superuser's URL of a fresh, migrated database of this server. Dropped when the server stops. */
  freshDatabase(): Promise<string>;
  /** As it is now, of a database that nobody is connected to. */
  copyOf(url: string): Promise<string>;
  /** As the superuser, whom no wall between tenants binds. */
  query<Row extends pg.QueryResultRow>(
    url: string,
    text: string,
    values?: unknown[],
  ): Promise<Row[]>;
  /** Processor time of the server and all of its processes, in seconds. */
  processorTime_s(): Promise<number>;
  /** Writes out what earlier work has left in memory, so that it is not paid for by what comes next. */
  settle(url: string): Promise<void>;
  stop(): Promise<void>;
}

const template = 'bench_template';
/** What nobody may turn off to be quick. */
const durable = ['fsync', 'full_page_writes', 'synchronous_commit'];

/** Starts an embedded Postgres with the settings of `start`, and checks that it is durable. Whoever opens it stops it. */
export async function openGround(): Promise<Ground> {
  const server = await startEmbeddedPostgres({ settings: keptSettings });
  try {
    await query(server.url, `CREATE DATABASE ${template}`);
    await migrate(withDatabase(server.url, template));
    for (const name of durable) {
      const [shown] = await query<Record<string, string>>(server.url, `SHOW ${name}`);
      if (shown?.[name] !== 'on')
        throw new Error(`${name} is ${shown?.[name]}: nothing is measured on that`);
    }
  } catch (error) {
    await server.stop();
    throw error;
  }
  const postmaster = await postmasterOf(server.url);
  async function copy(of: string): Promise<string> {
    const name = `bench_${randomBytes(6).toString('hex')}`;
    await query(server.url, `CREATE DATABASE ${name} TEMPLATE ${of}`);
    const url = withDatabase(server.url, name);
    await settle(url);
    return url;
  }

  return {
    query,
    freshDatabase: () => copy(template),
    copyOf: (url) => copy(new URL(url).pathname.slice(1)),
    settle,
    async processorTime_s() {
      const { own_s, started_s } = await processorTimeOf(postmaster);
      return own_s + started_s;
    },
    stop: server.stop,
  };
}

/** Every backend is its child. */
async function postmasterOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return await parentOf(rows[0]?.pid ?? 0);
  } finally {
    await client.end();
  }
}

async function settle(url: string): Promise<void> {
  await query(url, 'CHECKPOINT');
}

async function query<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'rollcall bench' });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}
