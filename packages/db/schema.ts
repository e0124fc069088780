import type { BreakerCause, BreakerState, HeldDecision, Scope } from '@rollcall/domain';
import {
  boolean,
  customType,
  integer,
  bigint,
  numeric,
  pgSchema,
  primaryKey,
  text,
  timestamp,
} from './drizzle.ts';

/**
 * The small tables, as drizzle sees them: for statements that touch a row or two. `migrations/` makes them; schema.test.ts holds the
 * two together. Tables with a row per number, claims, and whatever is set-based are plain SQL in sql/.
 */

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const time = (name: string) => timestamp(name, { withTimezone: true });
/** Times that begin at `-infinity`, which is no Date. */
const endlessTime = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });
/** Decimal text; `parseMoney` and `formatMoney` of the domain read and write it. */
const money = (name: string) => numeric(name, { precision: 20, scale: 9 });

const store = pgSchema('store');

export const apiKeys = store.table('api_keys', {
  id: text('id').primaryKey(),
  tenantId: integer('tenant_id').notNull(),
  name: text('name').notNull(),
  digest: bytea('digest').notNull(),
  scopes: text('scopes').array().notNull().$type<Scope[]>(),
  createdAt: time('created_at').notNull().defaultNow(),
  expiresAt: time('expires_at'),
  revokedAt: time('revoked_at'),
  lastUsedAt: time('last_used_at'),
  family: text('family'),
  rotatedFrom: text('rotated_from'),
  madeUnder: text('made_under'),
  fingerprint: bytea('fingerprint'),
  requestsPerMinute: integer('requests_per_minute'),
  numbersPerDay: bigint('numbers_per_day', { mode: 'number' }),
  costPerDay: money('cost_per_day'),
});

export const sessions = store.table('sessions', {
  digest: bytea('digest').primaryKey(),
  tenantId: integer('tenant_id').notNull(),
  keyId: text('key_id').notNull(),
  createdAt: time('created_at').notNull().defaultNow(),
  lastSeenAt: time('last_seen_at').notNull().defaultNow(),
});

export const accountStates = store.table('account_states', {
  account: text('account').primaryKey(),
  providerOrigin: text('provider_origin').notNull(),
  adapter: text('adapter').notNull(),
  currency: text('currency').notNull(),
  pausedReason: text('paused_reason').$type<'operator' | 'auth' | 'actual_above_price'>(),
  pausedAt: time('paused_at'),
  pauseNote: text('pause_note'),
  resumedAt: time('resumed_at'),
  resumedNote: text('resumed_note'),
  nextRequestAt: endlessTime('next_request_at').notNull().default('-infinity'),
  breakerResetAt: endlessTime('breaker_reset_at').notNull().default('-infinity'),
  breakerState: text('breaker_state').$type<BreakerState>().notNull().default('closed'),
  breakerSince: time('breaker_since'),
  breakerUntil: time('breaker_until'),
  breakerWhy: text('breaker_why').$type<BreakerCause>(),
  breakerOpenings: integer('breaker_openings').notNull().default(0),
  breakerCanary: text('breaker_canary'),
  breakerResetNote: text('breaker_reset_note'),
  semanticsConfirmed: boolean('semantics_confirmed').notNull().default(false),
  semanticsConfirmedAt: time('semantics_confirmed_at'),
  semanticsNote: text('semantics_note'),
  pollRungAt: time('poll_rung_at'),
  polledAt: time('polled_at'),
  pollRingNo: integer('poll_ring_no').notNull().default(0),
  balance: money('balance'),
  balanceAt: time('balance_at'),
});

export const learnedLimits = store.table(
  'learned_limits',
  {
    account: text('account').notNull(),
    checkName: text('check_name').notNull(),
    minNumbers: integer('min_numbers'),
    maxNumbers: integer('max_numbers'),
    learnedAt: time('learned_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.account, table.checkName] })],
);

export const approvals = store.table('approvals', {
  id: text('id').primaryKey(),
  tenantId: integer('tenant_id').notNull(),
  chunkId: text('chunk_id').notNull(),
  attemptId: text('attempt_id').notNull(),
  liftedTo: text('lifted_to').notNull().$type<'not_charged' | 'written_off'>(),
  approvedBy: text('approved_by').notNull(),
  why: text('why').notNull(),
  costCeiling: money('cost_ceiling').notNull(),
  createdAt: time('created_at').notNull().defaultNow(),
});

export const decisions = store.table('decisions', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  chunkId: text('chunk_id').notNull(),
  tenantId: integer('tenant_id').notNull(),
  attemptId: text('attempt_id'),
  decision: text('decision').notNull().$type<HeldDecision>(),
  decidedBy: text('decided_by').notNull(),
  why: text('why').notNull(),
  at: time('at').notNull().defaultNow(),
  taskId: text('task_id'),
  approvalId: text('approval_id'),
  batchKey: text('batch_key'),
});
