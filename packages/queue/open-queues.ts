import type { Queue } from 'bullmq';
import { type Consumer, type DoorbellHandler, openConsumer } from './consumer.ts';
import { type Doorbell, isAccountId, type Stage } from './doorbell.ts';
import { openPostgresBackend } from './postgres-backend.ts';
import type { OnQueueEvent } from './queue-event.ts';
import { allQueueNames, queueName } from './queue-name.ts';
import { quietReports } from './quiet-reports.ts';
import { openRedisBackend } from './redis-backend.ts';
import { type Rung, ring } from './ring.ts';
import { within } from './within.ts';

export interface QueuesOptions {
  /** With it the queue is on Redis or Valkey; without it, in Postgres. */
  readonly redisUrl?: string | undefined;
  readonly databaseUrl: string;
  /** The role that owns the queue's schema in Postgres, taken by every session. Absent: the URL's own. */
  readonly databaseRole?: string | undefined;
  /** Tells installations on one Redis apart, default `rollcall`. On Postgres the database does that. */
  readonly prefix?: string | undefined;
  /** Every account of the accounts file: each has its own submit queue. */
  readonly accounts: readonly string[];
  readonly onError: OnQueueEvent;
}

export interface Queues {
  readonly backend: 'postgres' | 'redis';
  /** Best effort: returns within about a second and never throws. Many at once are one round trip per queue. */
  ring(doorbells: readonly Doorbell[]): Promise<Rung>;
  /**
   * Hands out the doorbells of a stage, `concurrency` at a time in this process; pace across processes is counted in
   * Postgres. `account` is for `submit`, and `null` otherwise. Each doorbell is delivered at least once, possibly
   * twice and possibly late: the handler claims in Postgres. What it throws goes to `onError`; the queue keeps the
   * error's code and class.
   */
  consume<S extends Stage>(
    stage: S,
    account: string | null,
    concurrency: number,
    handler: DoorbellHandler<S>,
  ): Consumer;
  /** Every queue, for the dashboard. */
  all(): readonly Queue[];
  /** Whether doorbells can be rung now. Answers within about a second. */
  healthy(): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }>;
  /** Closes what is still open, within about 6 s whatever the backend does. Close consumers first to let them finish. */
  close(): Promise<void>;
}

const healthDeadline_ms = 1_000;

/**
 * Opens the queues. Redis may be down: they open, ring() reports failures, and consumers start when Redis comes.
 * Rejects with RedisEvicts or RedisCannotBeAsked when Redis may not be used, with QueueDatabaseUnreachable when the
 * queue is in Postgres and Postgres is away, and with a TypeError for names that cannot name a queue.
 */
export async function openQueues(options: QueuesOptions): Promise<Queues> {
  const { redisUrl, databaseUrl, databaseRole = null, accounts, onError } = options;
  const prefix = options.prefix ?? 'rollcall';
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(prefix)) {
    throw new TypeError('a queue prefix is 1 to 64 letters, digits, _ or -');
  }
  if (!accounts.every(isAccountId)) {
    throw new TypeError('an account id is made of a-z, 0-9 and -, and has at most 63 characters');
  }

  const report = quietReports(onError);
  const queueNames = allQueueNames(accounts);
  const backend =
    redisUrl === undefined
      ? await openPostgresBackend({ databaseUrl, databaseRole, queueNames, report })
      : await openRedisBackend({ url: redisUrl, prefix, queueNames, onEvent: onError, report });

  const consumers = new Set<Consumer>();
  let closed: Promise<void> | undefined;

  return {
    backend: backend.kind,
    ring: (doorbells) => ring(backend, doorbells, onError),
    consume(stage, account, concurrency, handler) {
      const queue = queueName(stage, account ?? undefined);
      if (!backend.queues.has(queue)) throw new TypeError(`no queue is open under ${queue}`);
      const consumer = openConsumer({
        backend,
        queue,
        stage,
        concurrency,
        handler,
        onEvent: onError,
        report,
      });
      consumers.add(consumer);
      return consumer;
    },
    all: () => [...backend.queues.values()],
    async healthy() {
      const refusal = backend.refusal();
      if (refusal !== null) return { ok: false, reason: refusal };
      try {
        const ping = await within(backend.ping(), healthDeadline_ms);
        if (ping.inTime)
          return ping.value === null ? { ok: true } : { ok: false, reason: ping.value };
        return { ok: false, reason: `${backend.kind} did not answer in ${healthDeadline_ms} ms` };
      } catch (error) {
        report(null, error);
        return { ok: false, reason: `${backend.kind} cannot be reached` };
      }
    },
    close() {
      closed ??= (async () => {
        await Promise.all([...consumers].map((consumer) => consumer.close(0)));
        await backend.close();
      })();
      return closed;
    },
  };
}
