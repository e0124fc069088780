import { Queue, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import type { QueueBackend } from './backend.ts';
import { doorbellOptions, eventStreamOptions, workerOptions } from './bull-options.ts';
import type { OnQueueEvent } from './queue-event.ts';
import type { ReportBackendError } from './quiet-reports.ts';
import { type Admission, askAdmission } from './redis-admission.ts';
import { within } from './within.ts';

interface RedisBackendOptions {
  readonly url: string;
  readonly prefix: string;
  readonly queueNames: readonly string[];
  readonly onEvent: OnQueueEvent;
  readonly report: ReportBackendError;
}

/** A Redis that is slow to answer at start is treated as one that is down: the API has to come up either way. */
const firstAnswer_ms = 2_000;
const goodbye_ms = 1_000;
/** A running Redis may be configured anew without losing a connection. */
const admitAgain_ms = 10_000;

const reconnecting = {
  connectTimeout: 2_000,
  retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 6), 1_000),
};

/**
 * BullMQ on Redis or Valkey.
 *
 * Opens without Redis: the connection is made in the background and again whenever it is lost. Throws RedisEvicts or
 * RedisCannotBeAsked when Redis answers at start and must not be used; when it is found out later (asked at every
 * connection and every ten seconds), a `refused` event tells each time, nothing is rung and no new worker starts.
 */
export async function openRedisBackend(options: RedisBackendOptions): Promise<QueueBackend> {
  const { url, prefix, report, onEvent } = options;
  // A ring must fail at once while Redis is away: no offline queue, no retries. The socket time-out frees what hangs
  // on a Redis that is connected and does not answer.
  const client = new Redis(url, {
    ...reconnecting,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    socketTimeout: 5_000,
  });
  client.on('error', (error) => report(null, error));

  let admission: Admission = { state: 'unknown' };
  const firstAnswer = Promise.withResolvers<void>();
  async function ask(): Promise<Admission> {
    const answer = await askAdmission(client);
    // A question that was lost says nothing new of a Redis that is still connected.
    if (answer.state !== 'unknown' || client.status !== 'ready') admission = answer;
    if (answer.state !== 'unknown') firstAnswer.resolve();
    return answer;
  }
  async function admit(): Promise<void> {
    const answer = await ask();
    if (answer.state === 'refused') onEvent({ kind: 'refused', error: answer.error });
  }
  // Asked at every connection: another Redis, or the same one configured anew, may be behind the address.
  client.on('ready', () => void admit());
  const asking = setInterval(() => {
    if (client.status === 'ready') void admit();
  }, admitAgain_ms).unref();

  await within(firstAnswer.promise, firstAnswer_ms);
  // Read through a function, because the compiler does not see that `admit` has changed it.
  const current = (): Admission => admission;
  const atStart = current();
  if (atStart.state === 'refused') {
    clearInterval(asking);
    client.disconnect();
    throw atStart.error;
  }

  // Each of these waits for the first connection by itself; `skipVersionCheck` keeps BullMQ from asking INFO once and
  // remembering a failure for ever.
  const queues = new Map(
    options.queueNames.map((name) => {
      const queue = new Queue(name, {
        connection: client,
        prefix,
        skipVersionCheck: true,
        defaultJobOptions: doorbellOptions,
        streams: eventStreamOptions,
      });
      queue.on('error', (error) => report(null, error));
      return [name, queue] as const;
    }),
  );

  return {
    kind: 'redis',
    queues,
    refusal() {
      const now = current();
      if (now.state === 'refused') return now.error.message;
      if (client.status !== 'ready') return 'Redis is not connected';
      return now.state === 'unknown' ? 'Redis has not told its maxmemory-policy yet' : null;
    },
    async ping() {
      const now = await ask();
      if (now.state === 'refused') return now.error.message;
      if (now.state === 'unknown') throw new Error('Redis did not answer');
      return now.full
        ? 'Redis is full: it takes no more doorbells until its maxmemory is raised'
        : null;
    },
    async openWorker(name, processor, settings, onError, onStalled, cut) {
      if (current().state !== 'admitted') return null;
      const { connection, disconnect } = openWorkerConnection(url);
      cut.addEventListener('abort', disconnect);
      const worker = new Worker(name, processor, {
        ...workerOptions(settings),
        connection,
        prefix,
      });
      worker.on('error', onError);
      worker.on('stalled', onStalled);
      return { close: () => worker.close() };
    },
    async close() {
      clearInterval(asking);
      await within(
        Promise.allSettled([...queues.values()].map((queue) => queue.close())),
        goodbye_ms,
      );
      client.disconnect();
    },
  };
}

/**
 * A worker's connection, which remembers the copy that BullMQ makes of it for its blocking call, so that both can be
 * dropped when BullMQ's own `close` hangs on a Redis that is away. Commands wait for Redis here (BullMQ insists on
 * `maxRetriesPerRequest: null`); the socket time-out is longer than the longest blocking call (5 s).
 */
function openWorkerConnection(url: string): { connection: Redis; disconnect: () => void } {
  let dropped = false;
  const connection = new Redis(url, {
    ...reconnecting,
    retryStrategy: (times) => (dropped ? null : reconnecting.retryStrategy(times)),
    maxRetriesPerRequest: null,
    socketTimeout: 15_000,
  });
  const all = [connection];
  const duplicate = connection.duplicate.bind(connection);
  connection.duplicate = (override?: Partial<RedisOptions>) => {
    const copy: Redis = duplicate(override);
    all.push(copy);
    ignoreErrors(copy);
    return copy;
  };
  ignoreErrors(connection);
  return {
    connection,
    disconnect: () => {
      dropped = true;
      for (const each of all) {
        each.disconnect();
        // Between two tries, `disconnect` stops the trying and settles nothing: BullMQ's loops and timers would wait
        // for replies and an `end` for ever. One last try ends it properly, whether it succeeds or not.
        if (each.status !== 'reconnecting') continue;
        each.once('connect', () => each.disconnect());
        each.connect().catch(() => undefined);
      }
    },
  };
}

/** BullMQ listens and reports, but lets go while it closes, and an error that nobody listens to is printed. */
function ignoreErrors(connection: Redis): void {
  connection.on('error', () => undefined);
}
