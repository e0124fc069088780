// One story, so that a reader finds the same ids again: of a job of 1,000 numbers one upload's answer was lost. The types are
// the contract's, and the linter holds each value against its schema. Long, because an example is all fields of its body, once.

import type {
  Account,
  AuditRow,
  CancelledJob,
  Check,
  Chunk,
  Hold,
  HeldDecision,
  Job,
  JobSummary,
  Key,
  Ready,
  Replay,
  ReplayedJob,
  ReplayedRow,
  ResolvedHolds,
  ResolveHold,
  ResolveHolds,
  Result,
  RetryJob,
  WholeChunk,
  WholeHold,
} from '@rollcall/contract';
import { jobLinksOf } from '@rollcall/contract';

const jobId = 'job_01929d3e-8c00-7a31-9f5c-0242ac120002';
const chunkId = 'chk_01929d3e-9000-7a31-9f5c-0242ac120003';
const attemptId = 'att_01929d3e-9400-7a31-9f5c-0242ac120004';
const account = 'checknumber';
const currency = 'USD';
const taskId = 'cn-20240801-0815';

const summary: JobSummary = {
  id: jobId,
  name: 'spring list',
  check: 'telegram',
  account,
  state: 'running',
  priority: 0,
  purpose: 'fraud review 2024-31',
  requested_by: 'ana@example.com',
  retry_of: null,
  counts: {
    lines: 1_010,
    accepted: 1_000,
    duplicates: 8,
    rejected: 2,
    answered: 600,
    pending: 400,
  },
  outcomes: {
    registered: 410,
    not_registered: 188,
    banned: 0,
    undetermined: 2,
    missing: 0,
    failed: 0,
    cancelled: 0,
    suppressed: 0,
    erased: 0,
  },
  chunks: { held: 1, blocked: 0 },
  progress: 0.6,
  eta_seconds: 40,
  money: {
    currency,
    max_cost: '25',
    cost: '0.32',
    reserved: '0.08',
    at_risk: '0',
    written_off: '0',
  },
  failure: null,
  created_at: '2024-08-01T09:30:00.000Z',
  planned_at: '2024-08-01T09:30:01.000Z',
  finished_at: null,
  links: jobLinksOf(jobId),
};

const job: Job = {
  ...summary,
  attention: [
    {
      state: 'held',
      reason: 'unknown',
      detail: 'connection_lost',
      chunks: 1,
      numbers: 200,
      unpaid: '0',
      money_at_risk: '0.08',
    },
  ],
  reject_reasons: { too_short: 2 },
  replays: { open: 0, applied: 0 },
};

const attempt: NonNullable<Chunk['attempt']> = {
  id: attemptId,
  number: 1,
  outcome: 'unknown',
  reason: 'connection_lost',
  amount: '0.08',
  currency,
  started_at: '2024-08-01T09:31:00.000Z',
  settled_at: '2024-08-01T09:31:20.000Z',
};

const chunk: Chunk = {
  id: chunkId,
  job_id: jobId,
  number: 4,
  account,
  state: 'held',
  reason: 'unknown',
  detail: 'connection_lost',
  numbers: 200,
  is_canary: false,
  task_id: null,
  attempt,
  provider: null,
  polls: 0,
  next_at: null,
  created_at: '2024-08-01T09:30:01.000Z',
  changed_at: '2024-08-01T09:31:20.000Z',
  closed_at: null,
  links: {
    self: `/v1/jobs/${jobId}/chunks/${chunkId}`,
    job: `/v1/jobs/${jobId}`,
  },
};

const decision: HeldDecision = {
  decision: 'adopt',
  chunk_id: chunkId,
  attempt_id: attemptId,
  decided_by: 'key_01929d3e-8c00-7a31-9f5c-0242ac120005 (ops)',
  reason: 'support found the task, ticket 4711',
  task_id: taskId,
  cost_ceiling: null,
  not_charged: null,
  at: '2024-08-01T10:02:00.000Z',
};

const hold: Hold = {
  chunk_id: chunkId,
  job_id: jobId,
  account,
  check: 'telegram',
  numbers: 200,
  reason: 'unknown',
  detail: 'connection_lost',
  attempt_id: attemptId,
  attempt_outcome: 'unknown',
  task_id: null,
  money_at_risk: '0.08',
  currency,
  held_since: '2024-08-01T09:31:20.000Z',
  held_again_at: null,
  allowed: ['adopt', 'pay_again', 'give_up'],
};

const wholeChunk: WholeChunk = {
  ...chunk,
  attempts: [
    {
      ...attempt,
      task_id: null,
      named_task_id: null,
      paid_twice: false,
      numbers: 200,
      price_per_number: '0.0004',
      approval_id: null,
      money: 'reserved',
    },
  ],
  decisions: [],
  recent_polls: [],
};

const wholeHold: WholeHold = {
  ...hold,
  upload: {
    intended_at: '2024-08-01T09:31:00.000Z',
    started_at: '2024-08-01T09:31:00.020Z',
    settled_at: '2024-08-01T09:31:20.000Z',
    headers_sent: true,
    body_bytes: 3_140,
    body_bytes_sent: 3_140,
    http_status: null,
    transport_error: 'UND_ERR_SOCKET',
    body_excerpt: null,
    balance_before: { amount: '120.5', at: '2024-08-01T09:20:00.000Z' },
    balance_after: { amount: '120.42', at: '2024-08-01T09:31:22.000Z' },
  },
  evidence: [
    {
      attempt_id: attemptId,
      started_at: '2024-08-01T09:31:00.000Z',
      duration_ms: 20_000,
      operation: 'submit',
      verdict: 'connection_lost',
      task_id: null,
      headers_sent: true,
      body_bytes: 3_140,
      body_bytes_sent: 3_140,
      http_status: null,
      body_excerpt: null,
      transport_error: 'ECONNRESET',
    },
  ],
  decisions: [],
};

const accountExample: Account = {
  id: account,
  adapter: 'tasks-v1',
  state: 'limited',
  paused: null,
  advice: null,
  checks: ['telegram', 'whatsapp'],
  currency,
  balance: { amount: '412.5', at: '2024-08-01T09:25:00.000Z' },
  uploads: { in_flight: 1, at_once_max: 1 },
  chunks: { ready: 1, submitting: 0, polling: 1, ingesting: 0, held: 1, blocked: 0 },
  money: {
    reserved: '0.08',
    at_risk: '0',
    written_off: '0',
    committed_today: '0.32',
    committed_this_month: '38.2',
    daily_cap: '50',
    monthly_cap: '1000',
    counted_today: '0.4',
    counted_this_month: '38.28',
    daily_cap_left: '49.6',
    monthly_cap_left: '961.72',
  },
  top_up: null,
  last_error: {
    at: '2024-08-01T09:31:20.000Z',
    operation: 'submit',
    verdict: 'connection_lost',
    http_status: null,
    transport_error: 'ECONNRESET',
  },
  last_resumed: null,
  semantics_confirmed: true,
  semantics_confirmation: null,
  breaker: {
    state: 'limited',
    why: null,
    since: '2024-08-01T09:31:20.000Z',
    resets_at: '2024-08-01T09:41:20.000Z',
    unknown_recent: 1,
    last_closed: null,
  },
  links: { self: `/v1/accounts/${account}`, holds: `/v1/holds?account=${account}` },
};

const key: Key = {
  id: 'key_01929d3e-8c00-7a31-9f5c-0242ac120005',
  name: 'ops',
  scopes: ['jobs:read', 'holds:resolve'],
  created_at: '2024-07-01T08:00:00.000Z',
  expires_at: '2030-01-01T00:00:00.000Z',
  revoked_at: null,
  last_used_at: '2024-08-01T10:02:00.000Z',
  rotated_from: null,
  requests_per_minute: 600,
  numbers_per_day: 1_000_000,
  cost_per_day: '250',
};
const secret = `rc_live_01929d3e8c007a319f5c0242ac120005_${'x'.repeat(43)}`;

const result: Result = {
  number: '+447911123456',
  outcome: 'registered',
  attributes: { name: 'Ada' },
  account,
  source: 'provider',
  cost: '0.0004',
  checked_at: '2024-08-01T09:32:00.000Z',
};

const cancelled: CancelledJob = {
  job: { ...job, state: 'cancelling' },
  cancellation: {
    chunks_cancelled: 1,
    numbers_cancelled: 200,
    numbers_in_flight: 200,
    numbers_answered: 600,
    money: {
      currency,
      paid: '0.24',
      may_still_be_charged: '0.08',
      released: '0.08',
      at_risk: '0',
      written_off: '0',
    },
  },
};

const ready: Ready = {
  status: 'ready',
  postgres: { ok: true },
  queue: { ok: true, backend: 'postgres' },
};

const check: Check = {
  name: 'telegram',
  default_account: account,
  accounts: [
    {
      account,
      adapter: 'tasks-v1',
      task_type: 'tg',
      price_per_number: '0.0004',
      currency,
      min_numbers: 1,
      max_numbers: 1_000_000,
      semantics: 'table',
      paused: false,
      available: true,
    },
  ],
};

const retry: RetryJob = {
  include: ['missing'],
  approval: { why: 'the provider answered with half a table', cost_ceiling: '4' },
};

const replayId = 'rpl_01929d3e-9c00-7a31-9f5c-0242ac120006';
const replay: Replay = {
  id: replayId,
  job_id: jobId,
  chunk_id: chunkId,
  chunk_number: 3,
  account,
  mode: 'correct',
  state: 'done',
  failure: null,
  semantics: 'table',
  difference: {
    rows_before: 200,
    rows_after: 200,
    unchanged: 189,
    attributes_changed: 4,
    outcomes_changed: [{ from: 'undetermined', to: 'registered', numbers: 7 }],
  },
  asked_by: 'key_01929d3e-8c00-7a31-9f5c-0242ac120005 (ops)',
  reason: 'the provider writes "active" since August',
  created_at: '2024-08-02T08:00:00.000Z',
  finished_at: '2024-08-02T08:00:01.000Z',
};

const replayedJob: ReplayedJob = {
  job_id: jobId,
  replays: [replayId],
  refused: [],
  next_after: null,
};

const replayedRow: ReplayedRow = {
  number: '+447911123456',
  outcome_before: 'undetermined',
  outcome_after: 'registered',
  attributes_before: null,
  attributes_after: null,
};

const resolution: ResolveHold = {
  decision: 'adopt',
  task_id: taskId,
  reason: 'support found the task, ticket 4711',
};

const bulkResolution: ResolveHolds = {
  filter: { account, reason: 'unknown', detail: 'connection_lost' },
  decision: 'give_up',
  reason: 'the provider does not answer, ticket 4712',
  expected_count: 1,
};

const bulkResolved: ResolvedHolds = {
  decision: 'give_up',
  dry_run: false,
  matched: 1,
  decided: 1,
  repeated: 0,
  refused: 0,
  remaining: 0,
  money: [{ currency, amount: '0.08' }],
  outcomes: [
    {
      chunk_id: chunkId,
      job_id: jobId,
      attempt_id: attemptId,
      detail: 'connection_lost',
      held_since: '2024-08-01T09:31:20.000Z',
      outcome: 'decided',
      repeated: false,
      code: null,
      state: 'failed',
      numbers: 200,
      amount: '0.08',
      currency,
    },
  ],
};

const auditRow: AuditRow = {
  chain: 1,
  number: 523,
  at: '2024-08-01T09:31:00.123456Z',
  actor: `${key.id} (${key.name})`,
  action: 'results.exported',
  subject: jobId,
  purpose: null,
  counts: { rows: 1_200 },
  detail: { format: 'csv' },
  prev_hash: 'b1946ac92492d2347c6235b4d2611184f5a0d5c0b1f0d1d2a2a9e1c2f7a3c901',
  hash: '591785b794601e212b260e25925636fd3a5f0d3fbd4e2d2c1b5c4f8e6d7a9b02',
};

/** Without `erasure`: whoever copies it ends no promise. */
const suppressions = {
  numbers: ['+447911123456'],
  reason: 'objection of 2024-08-01, ticket 4711',
  requested_by: 'privacy@example.com',
};

/** Examples of whole bodies, by the name of their schema. */
export const bodyExamples: Readonly<Record<string, unknown>> = {
  Account: accountExample,
  AddSuppressions: suppressions,
  AuditRow: auditRow,
  CancelledJob: cancelled,
  ChangeKey: { numbers_per_day: 1_000_000 },
  Check: check,
  Chunk: chunk,
  CreateKey: { name: 'billing', scopes: ['jobs:read', 'results:read'] },
  Decision: decision,
  ExportedResult: result,
  Hold: hold,
  HoldTotals: {
    chunks: 1,
    numbers: 200,
    money_at_risk: [{ currency, amount: '0.08' }],
    money_paid: [],
  },
  Job: job,
  JobSummary: summary,
  Key: key,
  NewKey: { ...key, last_used_at: null, key: secret },
  OwnKey: {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    tenant: 'default',
    expires_at: key.expires_at,
    limits: { requests_per_minute: 600, numbers_per_day: 1_000_000, cost_per_day: '250' },
    today: {
      numbers: 400_000,
      numbers_left: 600_000,
      costs: [{ currency, cost: '160', left: '90' }],
      resets_in_s: 36_000,
    },
  },
  Ready: ready,
  Replay: replay,
  ReplayChunk: { reason: replay.reason, apply: true },
  ReplayDifference: replay.difference,
  ReplayJob: { reason: replay.reason, apply: true },
  ReplayedJob: replayedJob,
  ReplayedRow: replayedRow,
  ResolveHold: resolution,
  ResolveHolds: bulkResolution,
  RemoveSuppressions: suppressions,
  ResolvedHolds: bulkResolved,
  Result: result,
  RetryJob: retry,
  RotateKey: { overlap_s: 86_400 },
  RotatedKey: {
    ...key,
    last_used_at: null,
    rotated_from: 'key_01929d3e-8c00-7a31-9f5c-0242ac120004',
    old_key_ends_at: '2024-08-02T10:02:00.000Z',
    key: secret,
  },
  WholeChunk: wholeChunk,
  WholeHold: wholeHold,
};
