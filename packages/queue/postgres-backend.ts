import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type BackendFactory,
  createPostgresBackend,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  type Queue,
  runMigrations,
  withBackend,
} from 'bullmq';
import { Pool } from 'pg';
import type { QueueBackend } from './backend.ts';
import { doorbellOptions, workerOptions } from './bull-options.ts';
import { QueueDatabaseUnreachable } from './queue-errors.ts';
import type { ReportBackendError } from './quiet-reports.ts';
import { within } from './within.ts';

/**
 * BullMQ's tables and functions live in a schema of their own, beside Rollcall's. The name is BullMQ's default, and the
 * only one that it accepts together with a pool of ours. It is disposable: `DROP SCHEMA bullmq CASCADE` and a restart
 * cost seconds of delay.
 */
export const postgresQueueSchema = 'bullmq';

interface PostgresBackendOptions {
  readonly databaseUrl: string;
  /** Taken by every session as it starts; null: the URL's own. It owns the schema and sees nothing beside it. */
  readonly databaseRole: string | null;
  readonly queueNames: readonly string[];
  readonly report: ReportBackendError;
}

const goodbye_ms = 1_000;

/**
 * BullMQ on Postgres: `LISTEN`/`NOTIFY` instead of a blocking pop, one row per message.
 *
 * The queues share one pool of 4 connections; each worker has one for its queries and one that listens. Brings the
 * schema up to date first (under BullMQ's own advisory lock), so Postgres must be there: rejects with
 * QueueDatabaseUnreachable otherwise. After that a restart of Postgres is survived.
 */
export async function openPostgresBackend(options: PostgresBackendOptions): Promise<QueueBackend> {
  const { databaseUrl, databaseRole, report } = options;
  const connections = new Connections(databaseUrl, databaseRole);
  const pool = new Pool({
    ...connections.settings,
    max: 4,
    options: `${connections.settings.options} -c search_path=${postgresQueueSchema}`,
  });
  // A pool without an error listener ends the process when Postgres restarts.
  pool.on('error', (error) => report(null, error));
  // Every queue adds listeners of its own; more than ten are no leak here.
  pool.setMaxListeners(options.queueNames.length + 10);

  const queues = new Map<string, Queue>();
  try {
    await migrate(pool, databaseRole !== null);
    for (const name of options.queueNames) {
      const queue = new PostgresQueue(name, {
        connection: pool,
        defaultJobOptions: doorbellOptions,
      });
      queue.on('error', (error) => report(null, error));
      // BullMQ remembers a failed first connection for ever, so it has to be a success.
      await queue.waitUntilReady();
      // The dashboard's adapters are typed for BullMQ's default backend; they use nothing that is only Redis'.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
      queues.set(name, queue as unknown as Queue);
    }
  } catch (error) {
    connections.cut();
    throw new QueueDatabaseUnreachable(error);
  }

  return {
    kind: 'postgres',
    queues,
    refusal: () => null,
    async ping() {
      await pool.query('SELECT 1');
      return null;
    },
    async openWorker(name, processor, settings, onError, onStalled, cut) {
      const own = new Connections(databaseUrl, databaseRole);
      cut.addEventListener('abort', () => own.cut());
      const worker = new PostgresWorker(name, processor, {
        ...workerOptions(settings),
        connection: { ...own.settings, schema: postgresQueueSchema, max: 1 },
      });
      worker.on('error', onError);
      worker.on('stalled', onStalled);
      try {
        // As above: a worker whose first connection failed would live on and never take anything.
        await worker.waitUntilReady();
      } catch (error) {
        void worker.close().catch(() => undefined);
        own.cut();
        throw error;
      }
      return { close: () => worker.close() };
    },
    async close() {
      // The queues hold no connection of their own, so they have nothing to wait for.
      await Promise.allSettled([...queues.values()].map((queue) => queue.close()));
      await within(pool.end(), goodbye_ms).catch((error: unknown) => report(null, error));
      connections.cut();
    },
  };
}

/**
 * BullMQ makes its schema where it is absent, and asks for the right to make one even where it is there. A role that may not has it made by a function of
 * its owner's (migration 0022), also after it was dropped.
 */
async function migrate(pool: Pool, isOwnerAsked: boolean): Promise<void> {
  const client = await pool.connect();
  try {
    if (isOwnerAsked) await client.query('SELECT store.ensure_queue_schema()');
    const query = (text: string, values?: unknown[]) =>
      isOwnerAsked && text.startsWith('CREATE SCHEMA')
        ? Promise.resolve({ rows: [] })
        : client.query(text, values);
    await runMigrations({ query } as typeof client, postgresQueueSchema);
  } finally {
    client.release();
  }
}

/** Connection settings whose sockets can be dropped at once when Postgres hangs and nothing can be closed politely. */
class Connections {
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  readonly settings;

  constructor(databaseUrl: string, role: string | null) {
    // What the URL itself asks for would come before ours, and instead of it.
    const url = new URL(databaseUrl);
    const asked = url.searchParams.get('options') ?? '';
    url.searchParams.delete('options');
    this.settings = {
      connectionString: url.href,
      options: role === null ? asked : `${asked} -c role=${role}`.trim(),
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      query_timeout: 15_000,
      stream: () => {
        const socket = new Socket();
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
        // pg connects it in this same turn; destroyed before that, it would come to life again.
        if (this.#isCut) setImmediate(() => socket.destroy(new Error('the queue is closed')));
        return socket;
      },
    };
  }

  /** For good: BullMQ answers a lost connection with a new one, and would wait for that instead. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

/**
 * BullMQ waits between two tries only when a connection was refused; while Postgres starts up, shuts down or its name
 * cannot be resolved, it would ask again at once, in a circle.
 */
const patientBackend: BackendFactory<PostgresQueueBackend, PostgresConnectionOptions> = (
  name,
  options,
  factoryOptions,
) => {
  const backend = createPostgresBackend(name, options, factoryOptions);
  const moveToActive = backend.moveToActive.bind(backend);
  backend.moveToActive = async (...parameters) => {
    try {
      return await moveToActive(...parameters);
    } catch (error) {
      await delay(250);
      throw error;
    }
  };
  return backend;
};

const { Queue: PostgresQueue, Worker: PostgresWorker } = withBackend(patientBackend);
