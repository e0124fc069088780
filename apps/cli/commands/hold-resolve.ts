import { resolvedHoldSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { accountAdvice } from '../account-advice.ts';
import { usageError } from '../command-failed.ts';
import type { Context } from '../context.ts';
import { flag } from '../flags.ts';
import { type HoldFlags, holdFlags } from '../hold-flags.ts';
import { plainText, timeText } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { type BulkOptions, resolveHolds } from './resolve-holds.ts';

interface ResolveOptions extends BulkOptions {
  readonly attempt?: string;
  readonly taskId?: string;
}

type ResolvedHold = ReturnType<typeof resolvedHoldSchema.parse>;

const decisions = ['adopt', 'pay_again', 'keep_polling', 'replay', 'give_up'] as const;
const ofMany = 'without an id: ';

export function holdResolveCommand(holds: Command, run: Run): void {
  const command = holds
    .command('resolve')
    .summary('decide on one, or on all that flags name')
    .description(
      'Decides on a held upload, or on all that --account, --job, --held-as, --check, --detail and --held-before name together: those only with --expect, without it they are shown. The decision is kept with your key and your reason.',
    )
    .argument('[id]', 'a held chunk, chk_…', flag.id('chk'))
    .requiredOption('--decision <decision>', decisions.join(', '), flag.word(decisions))
    .requiredOption('--reason <why>', 'why, for whoever asks later', flag.filledIn)
    .option(
      '--attempt <id>',
      'with an id: the attempt that you looked at; no other is decided on',
      flag.id('att'),
    )
    .option(
      '--task-id <id>',
      "with adopt: the provider's task that the upload became",
      flag.filledIn,
    )
    .option(
      '--cost-ceiling <amount>',
      'with pay_again: most that the new upload may cost; without an id: that all of them may cost together',
      flag.amount,
    )
    .option(
      '--not-charged',
      'with pay_again: the provider says that the earlier upload cost nothing',
    );
  holdFlags(command, ofMany)
    .option('--detail <code>', `${ofMany}only those with this detail`)
    .option('--held-before <time>', `${ofMany}only those held since before this time`)
    .option('--expect <count>', `${ofMany}decide, if so many are named`, flag.whole(0, 999_999_999))
    .option('--idempotency-key <key>', `${ofMany}repeat an earlier command safely`)
    .action(
      run(async (context, id: string | undefined, own: ResolveOptions) => {
        const options = { ...own, ...holds.opts<HoldFlags>() };
        refuseMisfits(id, options);
        return id === undefined ? resolveHolds(context, options) : resolveOne(context, id, options);
      }),
    );
}

/** Flags that would do nothing: whoever gave them believes that they do. */
function refuseMisfits(id: string | undefined, options: ResolveOptions): void {
  const { account, job, heldAs, check, detail, heldBefore, expect, idempotencyKey } = options;
  const [given, words] =
    id === undefined
      ? [{ attempt: options.attempt, taskId: options.taskId }, 'goes with the id of one hold']
      : [
          { account, job, heldAs, check, detail, heldBefore, expect, idempotencyKey },
          'names many holds, and an id one: give one or the other',
        ];
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const flagName = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw usageError(`--${flagName} ${words}.`);
  }
}

async function resolveOne(context: Context, id: string, options: ResolveOptions): Promise<'done'> {
  const { api, output, signal } = context;
  const body = JSON.stringify({
    decision: options.decision,
    reason: options.reason,
    attempt_id: options.attempt,
    task_id: options.taskId,
    cost_ceiling: options.costCeiling,
    not_charged: options.notCharged,
  });
  const path = `/v1/holds/${id}/resolve`;
  const { value, raw } = await api.ask(resolvedHoldSchema, 'POST', path, { body, signal });
  if (output.json) {
    await output.value(raw);
    return 'done';
  }
  await output.line(plainText(decidedText(value)));
  const next = await nextOf(context, value);
  if (next !== null) output.note(next);
  output.note(`→ rollcall chunks ${id}, or the whole of it: rollcall job ${value.chunk.job_id}`);
  return 'done';
}

/** What was decided now, or that it had been before. */
export function decidedText({ chunk, decision, repeated }: ResolvedHold): string {
  const state = `it is ${chunk.state} now`;
  if (!repeated) return `${chunk.id}: ${decision.decision}; ${state}.`;
  const nothing = decision.decision === 'pay_again' ? 'nothing more is paid' : 'nothing changed';
  return `${chunk.id}: ${decision.decision} was already decided at ${timeText(decision.at)} by ${decision.decided_by}; ${nothing}, ${state}.`;
}

/** What follows of itself, where its state alone would be misread. */
async function nextOf(context: Context, { chunk, decision }: ResolvedHold): Promise<string | null> {
  if (decision.decision === 'adopt' && chunk.state === 'polling') {
    return 'The task is compared with the upload first; where it does not fit, the upload is held again. Look again in a minute:';
  }
  const isUnsent = chunk.state === 'ready' || chunk.state === 'blocked';
  if (decision.decision === 'pay_again' && isUnsent) {
    // Neither says what stops an account that is paused, or stopped by its breaker.
    const advice = await accountAdvice(context, chunk.account);
    const said = 'It is sent in its turn, once its account lets it.';
    return advice === null ? said : `${said} ${advice}\n→ rollcall accounts ${chunk.account}`;
  }
  return null;
}
