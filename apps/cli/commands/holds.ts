import { holdPageSchema, resolvedHoldSchema, wholeHoldSchema } from '@rollcall/contract';
import { semanticsUnconfirmed } from '@rollcall/domain';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { CommandFailed } from '../command-failed.ts';
import { flag } from '../flags.ts';
import { listFlags } from '../list-flags.ts';
import { counted, grouped, plainText, timeText } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { type ListOptions, showList } from '../show-list.ts';
import { holdArtifactCommand } from './hold-artifact.ts';
import { type BulkOptions, type HoldFlags, resolveHolds } from './resolve-holds.ts';

interface HoldsOptions extends ListOptions {
  readonly account?: string;
  readonly job?: string;
  readonly heldAs?: string;
  readonly check?: string;
}

interface ResolveOptions extends BulkOptions {
  readonly attempt?: string;
  readonly taskId?: string;
}

const decisions = ['adopt', 'pay_again', 'keep_polling', 'replay', 'give_up'] as const;

export function holdsCommand(holds: Command, run: Run): void {
  holds
    .description(
      'Lists the uploads that wait for a person, the oldest first; with an id: one of them with its evidence.',
    )
    .argument('[id]', 'a held chunk, chk_…', flag.id('chk'))
    .option('--account <id>', 'at this account', flag.account)
    .option('--job <id>', 'of this job', flag.id('job'))
    // Not --reason: that is a flag of `holds resolve`, and commander would take it for this one.
    .option('--held-as <reason>', 'unknown, upstream_failed, poll or artifact')
    .option('--check <name>', 'of this check');
  listFlags(holds).action(
    run(async (context, id: string | undefined, options: HoldsOptions) => {
      const { output } = context;
      if (id !== undefined) {
        const { value, raw } = await readHold(context, id);
        if (output.json) await output.value(raw);
        else for (const line of describeHold(value)) await output.line(line);
        return 'done';
      }
      const { account, job, heldAs: reason, check } = options;
      const last = await showList(
        context,
        {
          schema: holdPageSchema,
          path: '/v1/holds',
          query: { account, job, reason, check },
          page_max: 1_000,
          headings: [
            'chunk',
            'check',
            'account',
            'numbers',
            'reason',
            'detail',
            'in doubt',
            'since',
            'may be',
          ],
          lessImportant: ['may be', 'check', 'since', 'account', 'detail', 'numbers'],
          row: (row) => [
            row.chunk_id,
            row.check,
            row.account,
            grouped(row.numbers),
            row.reason,
            row.detail ?? '',
            `${row.money_at_risk} ${row.currency}`,
            timeText(row.held_since),
            row.allowed.join(','),
          ],
          none: 'Nothing is held.',
        },
        options,
      );
      if (last !== undefined && last.totals.chunks > 0) {
        const money = last.totals.money_at_risk.map((each) => `${each.amount} ${each.currency}`);
        output.note(
          `${counted(last.totals.chunks, 'upload')}, ${counted(last.totals.numbers, 'number')}, in doubt: ${money.join(', ') || 'nothing'}. ` +
            'Look at one with `rollcall holds ID`, decide with `rollcall holds resolve ID --decision D --reason WHY`.',
        );
      }
      return 'done';
    }),
  );

  holdArtifactCommand(holds, run);
  holds
    .command('resolve')
    .summary('decide on one, or on all that flags name')
    .description(
      'Decides on a held upload, or on all that --account, --job, --held-as, --check, --detail and --held-before name together: those only with --expect, without it they are shown. The decision is kept with your key and your reason.',
    )
    .argument('[id]', 'a held chunk, chk_…', flag.id('chk'))
    .requiredOption('--decision <decision>', decisions.join(', '), flag.word(decisions))
    .requiredOption('--reason <why>', 'why, for whoever asks later')
    .option(
      '--attempt <id>',
      'the attempt that you looked at: no other is decided on',
      flag.id('att'),
    )
    .option('--task-id <id>', "with adopt: the provider's task that the upload became")
    .option(
      '--cost-ceiling <amount>',
      'with pay_again: most that the new upload may cost',
      flag.amount,
    )
    .option(
      '--not-charged',
      'with pay_again: the provider says that the earlier upload cost nothing',
    )
    .option('--detail <code>', 'without an id: only those with this detail')
    .option('--held-before <time>', 'without an id: only those held since before this time')
    .option(
      '--expect <count>',
      'without an id: decide, if so many are named',
      flag.whole(0, 999_999_999),
    )
    .option('--idempotency-key <key>', 'without an id: repeat an earlier command safely')
    .action(
      run(async (context, id: string | undefined, options: ResolveOptions) => {
        const { api, output, signal } = context;
        if (id === undefined) {
          // Flags that `holds` has too are its own, wherever they stand.
          return resolveHolds(context, { ...options, ...holds.opts<HoldFlags>() });
        }
        const { value, raw } = await api.ask(
          resolvedHoldSchema,
          'POST',
          `/v1/holds/${id}/resolve`,
          {
            body: JSON.stringify({
              decision: options.decision,
              reason: options.reason,
              attempt_id: options.attempt,
              task_id: options.taskId,
              cost_ceiling: options.costCeiling,
              not_charged: options.notCharged,
            }),
            signal,
          },
        );
        if (output.json) await output.value(raw);
        else
          await output.line(
            plainText(
              `${value.chunk.id}: ${value.decision.decision}; it is ${value.chunk.state} now.`,
            ),
          );
        return 'done';
      }),
    );
}

async function readHold({ api, signal }: Context, id: string) {
  try {
    return await api.ask(wholeHoldSchema, 'GET', `/v1/holds/${id}`, { signal });
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.problem.code !== 'not_found') throw error;
    throw new CommandFailed(error.ending, error.problem, [
      `Not held any more (or never was): → rollcall chunks JOB ${id}`,
    ]);
  }
}

type WholeHold = ReturnType<typeof wholeHoldSchema.parse>;

/** A hold with all that is known of it, the newest last, and what may be decided. */
function describeHold(hold: WholeHold): string[] {
  const detail = hold.detail === null ? '' : ` (${hold.detail})`;
  return [
    `chunk     ${hold.chunk_id} of ${hold.job_id}`,
    `check     ${hold.check} at ${hold.account}, ${counted(hold.numbers, 'number')}`,
    `held      ${hold.reason}${detail} since ${timeText(hold.held_since)}`,
    `attempt   ${hold.attempt_id} ${hold.attempt_outcome}${hold.task_id === null ? '' : `, task ${hold.task_id}`}`,
    `in doubt  ${hold.money_at_risk} ${hold.currency}`,
    ...describeUpload(hold.upload),
    'evidence',
    ...hold.evidence.map((each) => {
      const answer =
        each.http_status === null
          ? (each.transport_error ?? 'no answer')
          : String(each.http_status);
      const sent = each.headers_sent ? '' : ', nothing was sent';
      const said = each.body_excerpt === null ? '' : `: ${each.body_excerpt}`;
      return `  ${timeText(each.started_at)}  ${each.operation} ${each.verdict} (${answer}, ${each.duration_ms} ms${sent})${said}`;
    }),
    ...hold.decisions.map(
      (each) =>
        `decided   ${timeText(each.at)}  ${each.decision} by ${each.decided_by}: ${each.reason}`,
    ),
    ...(hold.detail === semanticsUnconfirmed
      ? [
          'nobody has said yet what result files of the account mean',
          `  rollcall holds artifact ${hold.chunk_id} --out FILE`,
          `  rollcall accounts confirm ${hold.account} --reason WHY, then replay it`,
        ]
      : []),
    'may be decided',
    ...hold.allowed.flatMap((decision) => [
      `  ${decision}: ${meaningOf(decision, hold)}`,
      `    rollcall holds resolve ${hold.chunk_id} --attempt ${hold.attempt_id} --decision ${decision} --reason WHY${needsOf(decision, hold)}`,
    ]),
  ].map(plainText);
}

/** What left and what the account had, as far as it is known: what to tell the provider's support. */
function describeUpload(upload: WholeHold['upload']): string[] {
  const { headers_sent, body_bytes, body_bytes_sent, balance_before, balance_after } = upload;
  const body =
    body_bytes === null || body_bytes_sent === null
      ? ''
      : `, ${grouped(body_bytes_sent)} of ${grouped(body_bytes)} bytes were taken from us`;
  const began =
    upload.started_at === null
      ? 'nobody knows what was sent: its worker died'
      : `sent from ${timeText(upload.started_at)}${headers_sent === false ? ', nothing was sent' : body}`;
  const balance = (said: typeof balance_before) =>
    said === null ? 'not told' : `${said.amount} at ${timeText(said.at)}`;
  return [
    `upload    intended ${timeText(upload.intended_at)}, ${began}`,
    `balance   before: ${balance(balance_before)}, after: ${balance(balance_after)} (a hint: other uploads count too)`,
  ];
}

type Decision = WholeHold['allowed'][number];

/** An upload that was accepted has its task: no other can be adopted. */
function needsOf(decision: Decision, hold: WholeHold): string {
  const { attempt_outcome, task_id, money_at_risk } = hold;
  if (decision === 'adopt') {
    return ` --task-id ${attempt_outcome === 'accepted' && task_id !== null ? task_id : 'ID'}`;
  }
  return decision === 'pay_again' ? ` --cost-ceiling ${money_at_risk}` : '';
}

function meaningOf(decision: Decision, hold: WholeHold): string {
  const isUnknown = hold.attempt_outcome === 'unknown';
  switch (decision) {
    case 'adopt':
      return "the provider's support named the task that it became; that one is polled, and nothing is paid twice";
    case 'pay_again':
      return `sent once more, which costs ${hold.money_at_risk} ${hold.currency} at the price that it was sent for; the earlier money is written off unless --not-charged`;
    case 'keep_polling':
      return hold.reason === 'artifact'
        ? 'the file is fetched anew, which costs nothing; this one is kept'
        : 'the task is believed to be alive; it is asked for further';
    case 'replay':
      return 'reads the kept file again; nothing is sent';
    case 'give_up':
      return `its numbers end as failed; ${isUnknown ? 'the money in doubt stays at risk' : 'what was paid stays paid'}`;
  }
}
