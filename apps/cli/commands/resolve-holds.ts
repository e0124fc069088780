import { randomUUID } from 'node:crypto';
import { type ResolvedHolds, resolvedHoldsSchema } from '@rollcall/contract';
import { usageError } from '../command-failed.ts';
import type { Context } from '../context.ts';
import type { HoldFlags } from '../hold-flags.ts';
import type { Output } from '../output.ts';
import { counted, grouped, plainText, timeText } from '../plain-text.ts';

export interface BulkOptions extends HoldFlags {
  readonly detail?: string;
  readonly heldBefore?: string;
  readonly decision: string;
  readonly reason: string;
  readonly costCeiling?: string;
  readonly notCharged?: boolean;
  readonly expect?: number;
  readonly idempotencyKey?: string;
}

/** Decides on all holds that the flags name. Without --expect it only says what it would decide, and with which count to say yes. */
export async function resolveHolds(
  { api, output, signal }: Context,
  options: BulkOptions,
): Promise<'done'> {
  const { account, job, heldAs, check, detail, heldBefore } = options;
  const filter = {
    account,
    job_id: job,
    reason: heldAs,
    check,
    detail,
    held_before: heldBefore,
  };
  if (Object.values(filter).every((value) => value === undefined)) {
    throw usageError(
      'Name a hold, or at least one of --account, --job, --held-as, --check, --detail and --held-before.',
    );
  }
  const isDry = options.expect === undefined;
  const idempotencyKey = options.idempotencyKey ?? randomUUID();
  const { value, raw } = await api.ask(resolvedHoldsSchema, 'POST', '/v1/holds/resolve', {
    headers: isDry ? {} : { 'idempotency-key': idempotencyKey },
    body: JSON.stringify({
      filter,
      decision: options.decision,
      reason: options.reason,
      dry_run: isDry,
      expected_count: options.expect,
      cost_ceiling: options.costCeiling,
      not_charged: options.notCharged,
    }),
    signal,
  });
  if (output.json) await output.value(raw);
  else if (value.outcomes.length > 0) await showOutcomes(output, value);
  const money = value.money.map((each) => `${each.amount} ${each.currency}`).join(', ');
  const of = `${counted(value.decided, 'upload')} of ${value.matched}, ${money || 'no money'}`;
  const [sum] = value.money;
  const ceiling =
    value.decision === 'pay_again' && options.costCeiling === undefined && sum !== undefined
      ? ` --cost-ceiling ${sum.amount} (for all of them together)`
      : '';
  output.note(
    isDry
      ? `${value.decision} would be decided on ${of}. Nothing was decided: say --expect ${value.matched}${ceiling} to do it.`
      : `${value.decision} was decided on ${of}. Lost the answer? --idempotency-key ${idempotencyKey} repeats this safely.`,
  );
  if (value.remaining > 0) {
    output.note(`${counted(value.remaining, 'upload')} not looked at yet: run it again.`);
  }
  return 'done';
}

async function showOutcomes(output: Output, { outcomes }: ResolvedHolds): Promise<void> {
  await output.table(
    [
      ['chunk', 'outcome', 'now', 'numbers', 'money', 'detail', 'since', 'job'],
      ...outcomes.map((each) =>
        [
          each.chunk_id,
          each.outcome,
          each.code ?? each.state,
          grouped(each.numbers),
          `${each.amount} ${each.currency}`,
          each.detail ?? '',
          timeText(each.held_since),
          each.job_id,
        ].map(plainText),
      ),
    ],
    { lessImportant: ['job', 'since', 'numbers', 'outcome', 'detail'] },
  );
}
