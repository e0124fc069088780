import type { HeldFacts } from '@rollcall/domain';
import type { Database, Queryable } from '../database.ts';
import {
  filtered,
  filterValues,
  hasResult,
  holdColumns,
  type HoldFilter,
  type HoldRow,
  holds,
} from './read-holds.ts';

/** Decisions on many holds under one Idempotency-Key: each chunk's is a transaction of its own, so that a batch may end half-way and be sent again. */

export type HoldBatch =
  /** Nothing that was held later belongs to it: sent again, it decides on no upload that did not exist when it was sent first. */
  { readonly kind: 'open'; readonly openedAt: Date } | { readonly kind: 'other_body' };

/** Opens a batch, or finds the one that was opened under this key before. */
export async function openHoldBatch(
  db: Database,
  tenantId: number,
  key: string,
  fingerprint: Buffer,
): Promise<HoldBatch> {
  return db.transaction('hold.open_batch', async (tx) => {
    await tx.query(
      'INSERT INTO store.hold_batches (tenant_id, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [tenantId, key, fingerprint],
    );
    const { rows } = await tx.query<{ fingerprint: Buffer; created_at: Date }>(
      'SELECT fingerprint, created_at FROM store.hold_batches WHERE tenant_id = $1 AND key = $2',
      [tenantId, key],
    );
    const [row] = rows;
    if (!row?.fingerprint.equals(fingerprint)) return { kind: 'other_body' };
    return { kind: 'open', openedAt: row.created_at };
  });
}

/** What a batch has decided so far, and what became of each chunk; amounts are decimal text. */
export interface BatchDecisionRow {
  readonly chunk_id: string;
  readonly job_id: string;
  readonly attempt_id: string;
  /** What had happened to the upload. */
  readonly detail: string | null;
  /** Null where a later upload of the chunk is or was held. */
  readonly held_since: Date | null;
  readonly state: string;
  readonly numbers: number;
  readonly amount: string;
  readonly currency: string;
}

export async function readBatchDecisions(
  db: Queryable,
  tenantId: number,
  key: string,
): Promise<readonly BatchDecisionRow[]> {
  const { rows } = await db.query<BatchDecisionRow>(
    `SELECT d.chunk_id, j.id AS job_id, d.attempt_id, a.outcome_reason AS detail,
            CASE WHEN c.held_attempt_id = d.attempt_id THEN c.held_since END AS held_since, c.state, c.numbers, COALESCE(p.cost_ceiling, a.amount) AS amount, a.currency
       FROM store.decisions d
       JOIN store.chunks c ON c.id = d.chunk_id
       JOIN store.jobs j ON j.job_no = c.job_no
       JOIN store.attempts a ON a.id = d.attempt_id
       LEFT JOIN store.approvals p ON p.id = d.approval_id
      WHERE d.tenant_id = $1 AND d.batch_key = $2 ORDER BY d.id`,
    [tenantId, key],
  );
  return rows;
}

/** The holds of a filter that a batch still has to decide on: what it decided on and what is held again for the same upload had its decision. */
interface BatchHolds {
  readonly tenantId: number;
  readonly filter: HoldFilter;
  /** Null: no batch. */
  readonly key: string | null;
}

const undecided = `${holds} ${filtered}
   AND NOT EXISTS (SELECT FROM store.decisions k WHERE k.tenant_id = $1 AND k.batch_key = $8 AND k.attempt_id = a.id)`;
const undecidedValues = ({ tenantId, filter, key }: BatchHolds) => [
  ...filterValues(tenantId, filter),
  key,
];

/** What a decision fits: one of these sets of facts, and none of these accounts. */
interface Fitting {
  readonly facts: readonly HeldFacts[];
  readonly exceptAccounts: readonly string[];
}

/** Those of them that fit (`are`), or that do not: the ones that wait longest, first. */
export async function listBatchHolds(
  db: Queryable,
  batch: BatchHolds,
  { fitting, are, limit }: { readonly fitting: Fitting; are: boolean; limit: number },
): Promise<readonly HoldRow[]> {
  const { facts, exceptAccounts } = fitting;
  const { rows } = await db.query<HoldRow>(
    `${holdColumns} ${undecided}
        AND ((c.reason, a.outcome, j.state, ${hasResult}) IN (SELECT * FROM unnest($9::text[], $10::text[], $11::text[], $12::boolean[]))
             AND c.account <> ALL($13::text[])) = $14
      ORDER BY c.held_since, c.id LIMIT $15`,
    [
      ...undecidedValues(batch),
      facts.map((each) => each.reason),
      facts.map((each) => each.attemptOutcome),
      facts.map((each) => each.jobState),
      facts.map((each) => each.hasResult),
      exceptAccounts,
      are,
      limit,
    ],
  );
  return rows;
}

/** Holds that are alike in all that a decision asks for, and how many they are. */
export interface HoldTally
  extends Pick<
    HoldRow,
    | 'account'
    | 'check_name'
    | 'numbers'
    | 'reason'
    | 'attempt_outcome'
    | 'money_at_risk'
    | 'currency'
    | 'job_state'
    | 'has_result'
  > {
  readonly chunks: number;
}

/** All of them, counted, but for those of these attempts. */
export async function tallyBatchHolds(
  db: Queryable,
  batch: BatchHolds,
  exceptAttempts: readonly string[],
): Promise<readonly HoldTally[]> {
  const { rows } = await db.query<HoldTally>(
    `SELECT c.account, j.check_name, c.numbers, c.reason, a.outcome AS attempt_outcome, a.amount AS money_at_risk, a.currency, j.state AS job_state,
            ${hasResult} AS has_result, count(*) AS chunks ${undecided} AND a.id <> ALL($9)
      GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9`,
    [...undecidedValues(batch), exceptAttempts],
  );
  return rows;
}
