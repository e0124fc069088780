import { randomUUID } from 'node:crypto';
import { type ResolvedHolds, resolvedHoldsSchema } from '@rollcall/contract';
import { CommandFailed, usageError } from '../command-failed.ts';
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

/**
 * Decides on all holds that the flags name. Without --expect it only says what it would decide, and with which command. Its
 * Idempotency-Key is said before anything is sent: whoever loses the answer must not draw a new one, which could pay again.
 */
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
  const keyed = { ...options, idempotencyKey: options.idempotencyKey ?? randomUUID() };
  if (!isDry) output.note(`Idempotency-Key: ${plainText(keyed.idempotencyKey)}`);
  const asking = api.ask(resolvedHoldsSchema, 'POST', '/v1/holds/resolve', {
    headers: isDry ? {} : { 'idempotency-key': keyed.idempotencyKey },
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
  const { value, raw } = await (isDry ? asking : asking.catch(unanswered(keyed)));
  if (output.json) await output.value(raw);
  else if (value.outcomes.length > 0) await showOutcomes(output, value);
  for (const line of isDry ? foreseenLines(value, options) : resolvedLines(value, keyed)) {
    output.note(plainText(line));
  }
  return 'done';
}

/** Where it is not known what arrived, how to go on without deciding on anything twice. */
function unanswered(keyed: BulkOptions) {
  return (error: unknown): never => {
    if (!(error instanceof CommandFailed) || error.ending !== 'unreachable') throw error;
    throw new CommandFailed(error.ending, error.problem, [
      ...error.advice,
      'It is not known what was decided. Under its key this decides on what is left, and nothing twice; under another it is a new decision:',
      `→ ${commandFor(keyed)}`,
    ]);
  };
}

/** What a dry run says, and the command that does it. */
export function foreseenLines(value: ResolvedHolds, options: BulkOptions): string[] {
  const { decision, decided, refused, matched, outcomes, money } = value;
  const [sum] = money;
  const isPaying = decision === 'pay_again' && sum !== undefined;
  const next = {
    ...options,
    expect: matched,
    costCeiling: options.costCeiling ?? (isPaying ? sum.amount : undefined),
  };
  const shown = outcomes.length < matched ? `${grouped(outcomes.length)} are shown. ` : '';
  return [
    `${decision} would be decided on ${counted(decided, 'upload')} of ${grouped(matched)}, ${moneyText(value)}. ${refusedText(refused)}${shown}Nothing was decided.`,
    ...(decided === 0
      ? []
      : [
          `To decide${isPaying ? ', the ceiling being for all of them together' : ''}:`,
          `→ ${commandFor(next)}`,
        ]),
  ];
}

/** What was decided now and what an earlier call had decided, and the command that goes on with what is left. */
export function resolvedLines(value: ResolvedHolds, keyed: BulkOptions): string[] {
  const { decision, decided, repeated, refused, matched, remaining } = value;
  const of = `${counted(decided, 'upload')} of ${grouped(matched)}, ${moneyText(value)}`;
  const nothing = decision === 'pay_again' ? 'nothing more is paid' : 'nothing changed';
  const was =
    repeated === 0
      ? `${decision} was decided on ${of}.`
      : repeated === decided
        ? `${decision} was decided on ${of}, before and under this key; ${nothing}.`
        : `${decision} was decided on ${counted(decided - repeated, 'more upload')}: on ${of} under this key.`;
  return [
    `${was} ${refusedText(refused)}`.trim(),
    ...(remaining === 0
      ? []
      : [
          `${counted(remaining, 'upload')} not looked at yet. To go on with ${remaining === 1 ? 'it' : 'them'}:`,
          `→ ${commandFor(keyed)}`,
        ]),
  ];
}

function moneyText({ money }: ResolvedHolds): string {
  return money.map((each) => `${each.amount} ${each.currency}`).join(', ') || 'no money';
}

function refusedText(refused: number): string {
  return refused === 0 ? '' : `${grouped(refused)} refused. `;
}

/** The same decision as a command of its own. */
function commandFor(options: BulkOptions): string {
  const { account, job, heldAs, check, detail, heldBefore, decision, reason } = options;
  const { costCeiling, notCharged, expect, idempotencyKey } = options;
  const flags = {
    ...{ account, job, 'held-as': heldAs, check, detail, 'held-before': heldBefore },
    ...{ decision, reason, 'cost-ceiling': costCeiling, 'not-charged': notCharged },
    ...{ expect, 'idempotency-key': idempotencyKey },
  };
  const words = Object.entries(flags).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}`, shellWord(String(value))];
  });
  return ['rollcall holds resolve', ...words].join(' ');
}

/** A word as a shell takes it for one. */
function shellWord(text: string): string {
  return /^[\w.:@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

async function showOutcomes(output: Output, { outcomes }: ResolvedHolds): Promise<void> {
  await output.table(
    [
      ['chunk', 'outcome', 'now', 'numbers', 'money', 'detail', 'since', 'job'],
      ...outcomes.map((each) =>
        [
          each.chunk_id,
          each.repeated ? 'decided before' : each.outcome,
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
