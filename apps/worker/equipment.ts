import { randomBytes } from 'node:crypto';
import type { Accounts, Configuration } from '@rollcall/config';
import type { Database, DueDoorbell, RetentionMonths, SuppressionCheck } from '@rollcall/db';
import { type Account, type CheckOffer, type Id, type IdKind, makeId } from '@rollcall/domain';
import type { NumberDigests } from '@rollcall/privacy';
import type { Provider } from '@rollcall/providers';
import type { ResultReaders } from '@rollcall/results';
import type { Logger, Metrics, Tracing } from '@rollcall/telemetry';

/** What every stage and sweep works with. Made by `main.ts`, closed by it. */
export interface Equipment {
  readonly db: Database;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly accounts: Accounts;
  /** Of numbers, under the configured secrets. */
  readonly digests: NumberDigests;
  /** Holds numbers to the tenants' suppression lists. */
  readonly suppressions: SuppressionCheck;
  /** The adapter of an account; each keeps its connections for the life of the process. */
  providerOf(account: Account): Provider;
  /** The processes that read result files. */
  readonly readers: ResultReaders;
  /** Best effort: a doorbell that is lost is rung again by the rescue sweep. */
  ring(doorbells: readonly DueDoorbell[]): Promise<void>;
  /** Aborted when the process was told to stop: what has not begun is left to others. */
  readonly stopping: AbortSignal;
  readonly times: Pick<Configuration, 'lease_ms' | 'heartbeat_ms' | 'rescueInterval_ms'>;
  /** How many months rows and files are kept, and the audit trail. */
  readonly retention: RetentionMonths & { readonly audit: number };
}

/** What a stage reports to the queue's dashboard: counts and nothing else. */
export type Counts = Record<string, number>;

export function newId<Kind extends IdKind>(kind: Kind): Id<Kind> {
  return makeId(kind, Date.now(), randomBytes(10));
}

/** The account and its offer as configured, or null where this process's accounts file has neither. */
export function offerOf(
  equipment: Equipment,
  accountId: string,
  check: string,
): { readonly account: Account; readonly offer: CheckOffer } | null {
  const account = equipment.accounts.accounts.get(accountId);
  const offer = account?.checks[check];
  return account && offer ? { account, offer } : null;
}
