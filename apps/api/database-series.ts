import type { MetricFacts } from '@rollcall/db';
import { type Account, formatMoney } from '@rollcall/domain';
import type { MetricName, metricCatalogue, Series } from '@rollcall/telemetry';

/** The metrics that Postgres is asked for. */
type ReadName = {
  [Name in MetricName]: (typeof metricCatalogue)[Name]['source'] extends 'database' ? Name : never;
}[MetricName];
export type DatabaseSeries = ReadonlyMap<ReadName, readonly Series[]>;

const stageOfState: Readonly<Record<string, string>> = {
  ready: 'submit',
  blocked: 'submit',
  polling: 'poll',
  result_ready: 'ingest',
};

/** What a database without a job tells. */
export const noFacts: MetricFacts = {
  jobs: [],
  finishedLastDay: [],
  chunks: [],
  numbers: [],
  held: [],
  duePlans: { due: 0, due_seconds: 0 },
  booked: [],
  accounts: [],
};

/**
 * What Postgres said, as metrics; where it did not answer (null), all of them are absent and only that is told. The caps are of the
 * accounts file that this process has read.
 */
export function databaseSeries(
  read: { readonly facts: MetricFacts; readonly took_seconds: number } | null,
  configured: ReadonlyMap<string, Account>,
): DatabaseSeries {
  const facts = read?.facts ?? noFacts;
  const due = read === null ? [] : dueByStage(facts);
  const { accounts } = facts;
  const yes = (condition: boolean) => (condition ? 1 : 0);
  return new Map<ReadName, readonly Series[]>([
    ['rollcall_jobs', facts.jobs.map(({ state, jobs }) => ({ labels: { state }, value: jobs }))],
    [
      'rollcall_jobs_finished_last_day',
      facts.finishedLastDay.map(({ state, jobs }) => ({ labels: { state }, value: jobs })),
    ],
    [
      'rollcall_chunks',
      facts.chunks.map(({ account, state, reason, chunks }) => ({
        labels: { account, state, reason },
        value: chunks,
      })),
    ],
    // Summed over the reasons: `replace` adds series of the same labels.
    [
      'rollcall_chunk_numbers',
      facts.chunks.map(({ account, state, numbers }) => ({
        labels: { account, state },
        value: numbers,
      })),
    ],
    [
      'rollcall_numbers',
      facts.numbers.map(({ outcome, numbers }) => ({ labels: { outcome }, value: numbers })),
    ],
    [
      'rollcall_held_money',
      facts.held.map(({ account, currency, reason, amount }) => ({
        labels: { account, currency, reason },
        value: amount,
      })),
    ],
    ['rollcall_held_oldest_seconds', heldOldest(facts)],
    [
      'rollcall_due_rows',
      due.map(({ stage, account, rows }) => ({ labels: { stage, account }, value: rows })),
    ],
    [
      'rollcall_oldest_due_seconds',
      due.map(({ stage, account, seconds }) => ({ labels: { stage, account }, value: seconds })),
    ],
    [
      'rollcall_ledger_booked_total',
      facts.booked.map(({ account, currency, entry, amount }) => ({
        labels: { account, currency, entry },
        value: amount,
      })),
    ],
    [
      'rollcall_account_balance',
      accounts.flatMap(({ account, currency, balance }) =>
        balance === null ? [] : [{ labels: { account, currency }, value: balance }],
      ),
    ],
    [
      'rollcall_account_balance_age_seconds',
      accounts.flatMap(({ account, balance_age_seconds: value }) =>
        value === null ? [] : [{ labels: { account }, value }],
      ),
    ],
    [
      'rollcall_account_paused',
      accounts.map(({ account, paused_reason }) => ({
        labels: { account, reason: paused_reason ?? 'none' },
        value: yes(paused_reason !== null),
      })),
    ],
    [
      'rollcall_account_unknown_uploads',
      accounts.map(({ account, unknown_uploads: value }) => ({ labels: { account }, value })),
    ],
    [
      'rollcall_account_breaker_open',
      accounts.map(({ account, breaker }) => ({
        labels: { account },
        value: yes(breaker === 'open'),
      })),
    ],
    [
      'rollcall_account_breaker',
      accounts.map(({ account, breaker: state }) => ({ labels: { account, state }, value: 1 })),
    ],
    ['rollcall_account_cap_left', capsLeft(facts, configured)],
    ['rollcall_database_read_success', [{ labels: {}, value: yes(read !== null) }]],
    [
      'rollcall_database_read_seconds',
      read === null ? [] : [{ labels: {}, value: read.took_seconds }],
    ],
  ]);
}

function capsLeft(
  { accounts }: MetricFacts,
  configured: ReadonlyMap<string, Account>,
): readonly Series[] {
  return accounts.flatMap(({ account, currency, reserved_today, reserved_this_month }) => {
    const { dailyCap = null, monthlyCap = null } = configured.get(account) ?? {};
    return [
      { period: 'day', cap: dailyCap, reserved: reserved_today },
      { period: 'month', cap: monthlyCap, reserved: reserved_this_month },
    ].flatMap(({ period, cap, reserved }) =>
      cap === null
        ? []
        : [{ labels: { account, currency, period }, value: Number(formatMoney(cap)) - reserved }],
    );
  });
}

function heldOldest({ accounts, chunks }: MetricFacts): readonly Series[] {
  return accounts.map(({ account }) => ({
    labels: { account },
    value: Math.max(
      0,
      ...chunks
        .filter((row) => row.account === account && row.state === 'held')
        .map((row) => row.oldest_seconds),
    ),
  }));
}

/** A row for each stage and account, also where nothing is due: an alert must be able to see a 0. */
function dueByStage({ accounts, chunks, duePlans }: MetricFacts) {
  const plan = { stage: 'plan', account: '', rows: duePlans.due, seconds: duePlans.due_seconds };
  const others = accounts.flatMap(({ account }) =>
    ['submit', 'poll', 'ingest'].map((stage) => {
      const mine = chunks.filter(
        (row) => row.account === account && stageOfState[row.state] === stage,
      );
      return {
        stage,
        account,
        rows: mine.reduce((sum, { due }) => sum + due, 0),
        seconds: Math.max(0, ...mine.map(({ due_seconds }) => due_seconds)),
      };
    }),
  );
  return [plan, ...others];
}
