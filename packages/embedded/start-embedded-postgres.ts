import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { bringUpServer } from './bring-up-server.ts';
import { findPostgresBinaries } from './find-postgres-binaries.ts';
import { type Cluster, POSTGRES_USER, prepareCluster } from './prepare-cluster.ts';
import { pickFreePort } from './pick-free-port.ts';

export type EmbeddedPostgresOptions = {
  /** Kept between runs, made when absent. Without it the cluster is temporary and goes with `stop()`, or with us. */
  dataDirectory?: string;
  /** TCP port on 127.0.0.1; 0 or absent picks a free one. */
  port?: number;
  /** Server settings over ours, as in postgresql.conf: `{ fsync: 'off' }`. */
  settings?: Record<string, string>;
};

export type EmbeddedPostgres = {
  /** Superuser's URL of the database `rollcall`: `postgres://rollcall:<password>@127.0.0.1:<port>/rollcall`. */
  url: string;
  /** Resolves with how it ended, `code 1` or `SIGKILL`; it may have been by itself. Never rejects. */
  ended: Promise<string>;
  /** Its own log; `server.previous.log` beside it is that of the one before. Gone with a temporary directory. */
  logPath: string;
  /** Fast shutdown, bounded; removes a temporary cluster. May be called again. */
  stop(): Promise<void>;
};

const ATTEMPTS_AT_A_PORT = 5;
/** How long a predecessor, killed a moment ago, may take to let go of the data directory. */
const PREDECESSOR_LIMIT_MS = 20_000;
const DATABASE = 'rollcall';

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  // TCP alone: a socket's path has its own permissions to get wrong and a length limit of about 100 bytes.
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
  max_connections: '200',
  // Errors go to the client that made them. Here they would quote values, and values are phone numbers.
  log_min_messages: 'log',
  log_error_verbosity: 'terse',
  // Whatever is logged all the same (a backend that was ended, a slow statement) comes without its statement and its parameters.
  log_min_error_statement: 'panic',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
};

/**
 * Starts Postgres 17 for this machine only: 127.0.0.1, password (SCRAM), as `nobody` when we are root.
 * It ends with us, however we end. Throws with the tail of the server's log when it does not come up.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const binaries = await findPostgresBinaries();
  const giveUpOnPredecessorAt = Date.now() + PREDECESSOR_LIMIT_MS;
  for (let attempt = 1; ; ) {
    // Anew each time: a temporary cluster goes with its server, also with one that did not come up.
    const cluster = await prepareCluster(binaries, options.dataDirectory);
    const port = options.port || (await pickFreePort());
    const settings = { ...SETTINGS, ...options.settings, port: String(port) };
    const started = await bringUpServer(
      cluster.base,
      {
        command: binaries.postgres,
        arguments: ['-D', cluster.directory, ...asArguments(settings)],
        stopSignal: 'INT',
      },
      () => ensureDatabase(urlOf(cluster, port, 'postgres')),
    );
    if (started.kind === 'ready') {
      const { server, logPath } = started;
      const url = urlOf(cluster, port, DATABASE);
      return { url, ended: server.exited, logPath, stop: server.stop };
    }
    const { log } = started;
    const portTaken = log.includes('could not bind') && !options.port;
    if (portTaken && attempt < ATTEMPTS_AT_A_PORT) attempt += 1;
    else if (log.includes('postmaster.pid') && Date.now() < giveUpOnPredecessorAt) await delay(250);
    else throw new Error(`Embedded Postgres did not start on port ${port}. Its log ends:\n${log}`);
  }
}

function asArguments(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** False while the server is not there yet. A refused password counts as that: another server may hold the port. */
async function ensureDatabase(maintenanceUrl: string): Promise<boolean> {
  const client = new Client({ connectionString: maintenanceUrl, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch {
    return false;
  }
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
    return true;
  } finally {
    await client.end();
  }
}

function urlOf(cluster: Cluster, port: number, database: string): string {
  return `postgres://${POSTGRES_USER}:${cluster.password}@127.0.0.1:${port}/${database}`;
}
