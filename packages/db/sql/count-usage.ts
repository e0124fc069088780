import { formatMoney, type Money, priceOf } from '@rollcall/domain';
import type { Queryable, Transaction } from '../database.ts';
import { storedMoney } from './storable.ts';

/** What a new job takes of the day's numbers and money of its key, and of its tenant. */
export interface JobUsage {
  readonly tenantId: number;
  readonly keyId: string;
  readonly numbers: number;
  /** At the configured price. */
  readonly cost: Money;
  readonly currency: string;
}

/** A limit of the day that the job would pass. The amounts are numbers, or money as text. */
export interface LimitReached {
  readonly kind: 'limit_reached';
  readonly whose: 'key' | 'tenant';
  readonly unit: 'numbers' | 'cost';
  readonly max: string;
  /** Before this job. */
  readonly used: string;
  readonly asked: string;
  readonly currency: string;
  /** Until the UTC day is over. */
  readonly resets_s: number;
}

/** The key was revoked, or has expired, while the upload came in. */
export interface KeyEnded {
  readonly kind: 'key_ended';
}

/** Thrown so that the transaction that counts is taken back whole. */
class UsageRefused extends Error {
  readonly refusal: LimitReached | KeyEnded;
  constructor(refusal: LimitReached | KeyEnded) {
    super('the job is not taken');
    this.refusal = refusal;
  }
}

/** What a transaction that counts came to, or as a value why it was taken back. */
export async function unlessRefused<T>(counting: Promise<T>): Promise<T | LimitReached | KeyEnded> {
  try {
    return await counting;
  } catch (error) {
    if (error instanceof UsageRefused) return error.refusal;
    throw error;
  }
}

/**
 * Counts a job that is being stored to the day of its key's family and of its tenant. Exact however many do so at a time: until the COMMIT
 * whoever counts to the same waits. So it stands behind everything that takes long.
 * Where a limit would be passed, or the key has ended, it throws what `unlessRefused` makes a value of.
 */
export async function countUsage(tx: Transaction, job: JobUsage): Promise<void> {
  const limits = await readLimits(tx, job.tenantId, job.keyId);
  if (!limits) throw new UsageRefused({ kind: 'key_ended' });
  const units = ['numbers', job.currency];
  const amounts = [String(job.numbers), formatMoney(job.cost)];
  const { rows } = await tx.query<UsedRow>(
    `INSERT INTO store.usage AS u (tenant_id, subject, day, unit, used)
     SELECT $1, subject, (now() AT TIME ZONE 'UTC')::date, unit, amount
       FROM unnest($2::text[]) AS subjects (subject), unnest($3::text[], $4::numeric[]) AS amounts (unit, amount)
      ORDER BY subject, unit
     ON CONFLICT (tenant_id, subject, day, unit) DO UPDATE SET used = u.used + EXCLUDED.used
     RETURNING subject, unit, used::text`,
    [job.tenantId, [limits.family, 'tenant'], units, amounts],
  );
  const passed = firstPassed(limits, job, rows, 0n);
  if (passed) throw new UsageRefused(passed);
}

/** Whether the job fits as things stand, so that what does not is refused before it is stored; `countUsage` decides. Null: it does. */
export async function foreseeUsage(
  db: Queryable,
  job: JobUsage,
): Promise<LimitReached | KeyEnded | null> {
  const limits = await readLimits(db, job.tenantId, job.keyId);
  if (!limits) return { kind: 'key_ended' };
  const isLimited = [limits.key, limits.tenant].some(
    (of) => of.numbers !== null || of.cost !== null,
  );
  if (!isLimited) return null;
  const rows = await readUsed(db, job.tenantId, limits.family);
  return firstPassed(limits, job, rows, 1n);
}

/** What of a day's limits is used, of the family of a key and of its tenant. */
export interface UsedToday {
  /** Of each currency of a job that was made today, in the order of their names. */
  readonly costs: readonly { readonly currency: string; readonly cost: Money }[];
  readonly numbers: number;
  readonly resets_s: number;
}

/** What a family of keys has used today (UTC). */
export async function readUsage(
  db: Queryable,
  tenantId: number,
  family: string,
): Promise<UsedToday> {
  const rows = (await readUsed(db, tenantId, family)).filter((row) => row.subject === family);
  const { rows: times } = await db.query<{ resets_s: number }>(
    `SELECT ${untilMidnight} AS resets_s`,
  );
  return {
    numbers: Number(rows.find((row) => row.unit === 'numbers')?.used ?? 0),
    costs: rows
      .filter((row) => row.unit !== 'numbers')
      .map((row) => ({ currency: row.unit, cost: storedMoney(row.used) })),
    resets_s: times[0]?.resets_s ?? 0,
  };
}

interface UsedRow {
  readonly subject: string;
  readonly unit: string;
  readonly used: string;
}

interface Limit {
  readonly numbers: Money | null;
  readonly cost: Money | null;
}
interface Limits {
  readonly family: string;
  readonly key: Limit;
  readonly tenant: Limit;
  readonly resets_s: number;
}

const one = 1_000_000_000n as Money;
const today = "(now() AT TIME ZONE 'UTC')::date";
const untilMidnight = `ceil(extract(epoch FROM (${today} + 1)::timestamp - (now() AT TIME ZONE 'UTC')))::integer`;

async function readLimits(db: Queryable, tenantId: number, keyId: string): Promise<Limits | null> {
  const { rows } = await db.query<{
    family: string;
    key_numbers: string | null;
    key_cost: string | null;
    tenant_numbers: string | null;
    tenant_cost: string | null;
    resets_s: number;
  }>(
    `SELECT COALESCE(k.family, k.id) AS family, k.numbers_per_day::text AS key_numbers, k.cost_per_day AS key_cost,
            t.numbers_per_day::text AS tenant_numbers, t.cost_per_day AS tenant_cost, ${untilMidnight} AS resets_s
       FROM store.api_keys k JOIN store.tenants t ON t.id = k.tenant_id
      WHERE k.tenant_id = $1 AND k.id = $2 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())`,
    [tenantId, keyId],
  );
  const row = rows[0];
  if (!row) return null;
  const money = (text: string | null) => (text === null ? null : storedMoney(text));
  return {
    family: row.family,
    key: { numbers: money(row.key_numbers), cost: money(row.key_cost) },
    tenant: { numbers: money(row.tenant_numbers), cost: money(row.tenant_cost) },
    resets_s: row.resets_s,
  };
}

async function readUsed(
  db: Queryable,
  tenantId: number,
  family: string,
): Promise<readonly UsedRow[]> {
  const { rows } = await db.query<UsedRow>(
    `SELECT subject, unit, used::text FROM store.usage
      WHERE tenant_id = $1 AND subject IN ($2, 'tenant') AND day = ${today} ORDER BY subject, unit`,
    [tenantId, family],
  );
  return rows;
}

/** `times`: how often the job is to come on top of `rows`; 0: it is counted in them. */
function firstPassed(
  limits: Limits,
  job: JobUsage,
  rows: readonly UsedRow[],
  times: 0n | 1n,
): LimitReached | null {
  // Numbers are counted as amounts are, so that both are compared in one way.
  const asked = { numbers: priceOf(one, job.numbers), cost: job.cost };
  for (const whose of ['key', 'tenant'] as const) {
    for (const unit of ['numbers', 'cost'] as const) {
      const subject = whose === 'key' ? limits.family : 'tenant';
      const column = unit === 'numbers' ? unit : job.currency;
      const row = rows.find((each) => each.subject === subject && each.unit === column);
      const after = storedMoney(row?.used ?? '0') + times * asked[unit];
      const max = limits[whose][unit];
      if (max === null || after <= max) continue;
      return {
        kind: 'limit_reached',
        whose,
        unit,
        max: formatMoney(max),
        used: formatMoney((after - asked[unit]) as Money),
        asked: formatMoney(asked[unit]),
        currency: job.currency,
        resets_s: limits.resets_s,
      };
    }
  }
  return null;
}
