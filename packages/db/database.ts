import { type CommitName, crashPoint } from '@rollcall/crash-points';
import pg from 'pg';
import { dropSilentConnections } from './drop-silent-connections.ts';
import { keepPlans } from './keep-plans.ts';
import { type ProductRole, settingsAs } from './settings-as.ts';
import { type Preamble, SpokenQuery } from './spoken-query.ts';
import { tenantInScope } from './tenant-scope.ts';
import { writeTogether } from './together.ts';

/** What a statement needs: a pool or a transaction's client. */
export type Queryable = Pick<pg.ClientBase, 'query'>;
/** A client inside a transaction. */
export type Transaction = pg.PoolClient;

export interface Database extends Queryable {
  readonly pool: pg.Pool;
  /**
   * Locks are taken in one order, so that of two transactions one waits and the other goes on:
   * account → attempt → the chunk in one's hands (claimed, or held and being decided on) → its job → chunks that are in nobody's
   * (ready, blocked, done) → the job's counts by outcome → the head of an audit chain. The job above the chunk in hand would be locked for as long as a file of
   * 1,000,000 rows is written. Whoever skips what is locked may ask in any order, and nobody waits for a job's or an attempt's
   * key: rows that refer to them are inserted at any time, so no job is locked more strongly than FOR NO KEY UPDATE.
   *
   * Runs `work` in one transaction. A deadlock, a serialization failure or a lock time-out is tried again, at most
   * five times with jitter: `work` must do nothing but SQL. A COMMIT whose reply is lost is not tried again; the caller's
   * next look at the rows says what happened. The COMMIT goes by `name`: the process can be told to die before and after it.
   */
  transaction<T>(name: CommitName, work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * The same connections, speaking for one tenant whoever asks. A database that is opened as `rollcall_api` speaks for the tenant that is in
   * scope (`inTenant`), and for none where there is none: Postgres refuses it every row then. To any other role these three are itself.
   */
  ofTenant(tenantId: number): Database;
  /** Speaking for the tenant whose API key, or session of a browser, this is; of one that is not known, for nobody. */
  ofKey(keyId: string): Queryable;
  ofSession(digest: Uint8Array): Queryable;
  /** Speaking for no tenant, of what all share: accounts, and sums over all tenants. It sees no phone number (`rollcall_installation`). */
  readonly ofInstallation: Database;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** The role that every statement runs as, whatever the URL's own is and may do. Absent: the URL's, for migrations and for tests' own statements. */
  readonly role?: ProductRole;
  readonly maxConnections: number;
  readonly applicationName: string;
  /** A connection that breaks while idle; without a listener it would end the process. */
  readonly onIdleError: (error: Error) => void;
}

/** bigint columns hold E.164 digits and counts, both below 2^53, so they come as numbers. */
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === pg.types.builtins.INT8) return (text: string) => Number(text);
    if (oid === pg.types.builtins.DATE) return (text: string) => text;
    return pg.types.getTypeParser(oid, format);
  }) as typeof pg.types.getTypeParser,
};

const retriesMax = 5;
/** serialization_failure, deadlock_detected, lock_not_available; and of a plan that was kept, that a migration changed what it answers. */
const planOutdated = '0A000';
const retriedCodes = new Set(['40001', '40P01', '55P03', planOutdated]);

export function openDatabase(options: DatabaseOptions): Database {
  const isWorker = options.role === 'rollcall_worker';
  const pool = new pg.Pool({
    ...settingsAs(options.url, options.role ?? null),
    max: options.maxConnections,
    application_name: options.applicationName,
    // A statement that waits longer has met a fault, not load; a request or a doorbell comes again.
    connectionTimeoutMillis: 10_000,
    // A process that was frozen in the middle of a transaction must not keep its locks: everybody else would wait for it.
    idle_in_transaction_session_timeout: 15_000,
    // 55P03 is tried again; waiting without end would hold a connection for each waiter.
    lock_timeout: 10_000,
    idleTimeoutMillis: 30_000,
    // Plans that are kept are made anew: tables grow. The server does it by itself once it has analysed one; a connection's first plans take 0.3 s of the processor and more.
    maxLifetimeSeconds: 600,
    // An idle connection whose host is gone is found out 15 s later: Node asks ten times, a second apart.
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    // What is said before an answer came is sent at once, and not kept until then (`together`). Cursors and COPY cannot be had of such a connection.
    ...(isWorker && { pipeline: true }),
    types,
  });
  pool.on('error', options.onIdleError);
  // One listener for the life of each connection. The pool takes its own away when it hands one on, and whoever waited for it runs a
  // moment later: an end that was read in the same breath would find nobody, and end the process. The storm found that.
  pool.on('connect', (client) => void client.on('error', () => undefined));

  if (isWorker) {
    writeTogether(pool);
    keepPlans(pool);
  }
  const stopDropping = dropSilentConnections(pool, options.url);

  async function once<T>(
    begin: string,
    name: CommitName,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    const client = await pool.connect();
    let broken: Error | undefined;
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    try {
      const begun = client.query(begin);
      // Goes with the first statement, where that need not wait for it: should it fail, so does whatever writes, since only a server that takes no writes refuses it.
      if (!isWorker) await begun;
      begun.catch(() => undefined);
      const result = await work(client);
      await begun;
      crashPoint(`${name}:before_commit`);
      await client.query('COMMIT');
      crashPoint(`${name}:after_commit`);
      return result;
    } catch (error) {
      // Only another connection has no such plan.
      if (sqlStateOf(error) === planOutdated) broken = error as Error;
      try {
        await client.query('ROLLBACK');
      } catch (rollbackError) {
        broken = rollbackError as Error;
      }
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }

  const speaking = (voice: () => Voice | null): Database => ({
    pool,
    query: ((statement: string | object, values?: unknown[]) => {
      const spoken = voice();
      return spoken === null
        ? pool.query(statement as string, values)
        : pool.query(new SpokenQuery(spoken.preamble, statement, values) as never);
    }) as Queryable['query'],
    async transaction(name, work) {
      // Whatever the server, the role or the URL says: an acknowledged intent must survive the machine. In one round trip.
      const begin = `BEGIN READ WRITE; SET LOCAL synchronous_commit TO on${voice()?.local ?? ''}`;
      for (let tries = 1; ; tries += 1) {
        try {
          return await once(begin, name, work);
        } catch (error) {
          if (tries > retriesMax || !retriedCodes.has(sqlStateOf(error) ?? '')) throw error;
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** tries));
        }
      }
    },
    ofTenant: (tenantId) => (isBound ? speaking(() => tenantVoice(tenantId)) : whole),
    ofKey: (keyId) => (isBound ? speaking(() => voiceOf('key($1)', keyId)) : whole),
    ofSession: (digest) =>
      isBound
        ? speaking(() => voiceOf('session($1::bytea)', `\\x${Buffer.from(digest).toString('hex')}`))
        : whole,
    get ofInstallation() {
      return isBound ? speaking(() => installationVoice) : whole;
    },
    close() {
      stopDropping();
      return pool.end();
    },
  });
  const isBound = options.role === 'rollcall_api';
  const whole = speaking(() => {
    const tenantId = isBound ? tenantInScope() : null;
    return tenantId === null ? null : tenantVoice(tenantId);
  });
  return whole;
}

/** For whom statements are spoken: how one by itself says it, and how a transaction does. Both end with the transaction. */
interface Voice {
  readonly preamble: Preamble;
  readonly local: string;
}

function tenantVoice(tenantId: number): Voice {
  if (!Number.isSafeInteger(tenantId)) throw new Error('a tenant is a whole number');
  return {
    preamble: {
      text: "SELECT set_config('rollcall.tenant', $1, true)",
      values: [String(tenantId)],
    },
    local: `; SET LOCAL rollcall.tenant TO '${tenantId}'`,
  };
}

/** Tenants are counted from 1: 0 has no rows. */
function voiceOf(owned: 'key($1)' | 'session($1::bytea)', value: string): Voice {
  return {
    preamble: {
      text: `SELECT set_config('rollcall.tenant', COALESCE(store.tenant_of_${owned}, 0)::text, true)`,
      values: [value],
    },
    get local(): never {
      throw new Error('whose it is, is asked in one statement, and no transaction');
    },
  };
}

const installationVoice: Voice = {
  preamble: { text: "SELECT set_config('role', $1, true)", values: ['rollcall_installation'] },
  local: '; SET LOCAL ROLE rollcall_installation',
};

/** The SQLSTATE of a Postgres error, or null for any other error. */
export function sqlStateOf(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.code ?? null) : null;
}

/** The constraint or index that refused a write, or null. */
export function constraintOf(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.constraint ?? null) : null;
}
