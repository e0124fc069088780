import { setTimeout as delay } from 'node:timers/promises';
import { type Queryable, sqlStateOf } from './database.ts';

const answerDeadline_ms = 1_000;

export type PostgresAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string };

/** Whether Postgres answers and takes writes, and if not what is wrong; within a second. For readiness. */
export async function askPostgres(db: Queryable): Promise<PostgresAnswer> {
  const abandoned = new AbortController();
  const late = delay(answerDeadline_ms, null, { signal: abandoned.signal });
  try {
    const asked = db.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
    const answer = await Promise.race([asked, late]);
    if (answer === null) return no(`Postgres did not answer in ${answerDeadline_ms} ms`);
    return answer.rows[0]?.standby === true
      ? no('Postgres only reads: it is a standby')
      : { ok: true };
  } catch (error) {
    return no(reasonOf(error));
  } finally {
    abandoned.abort();
    late.catch(() => undefined);
  }
}

function no(reason: string): PostgresAnswer {
  return { ok: false, reason };
}

/** Of Postgres' own words only the code is used: its messages name roles and databases. */
function reasonOf(error: unknown): string {
  const state = sqlStateOf(error);
  if (state === null) return 'Postgres cannot be reached';
  if (state === '57P03') return 'Postgres is starting up or shutting down';
  if (state === '53300') return 'Postgres has no connection left for us';
  if (state === '53100') return 'Postgres has no disk space left';
  if (state.startsWith('28')) return 'Postgres refuses our role or password';
  if (state === '22023') return 'Postgres does not have our roles: bring it up to this version';
  if (state === '42501') return 'Postgres lets nobody of our URL take our role';
  if (state === '3D000') return 'Postgres does not have our database';
  return `Postgres answers with the error ${state}`;
}
