import { heldMoneyText, holdPageSchema, wholeHoldSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import type { Context } from '../context.ts';
import { describeHold, heldTimes, heldTotals } from '../describe-hold.ts';
import { flag } from '../flags.ts';
import { type HoldFlags, holdFlags } from '../hold-flags.ts';
import { listFlags } from '../list-flags.ts';
import { counted, grouped } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { type ListOptions, showList } from '../show-list.ts';
import { holdArtifactCommand } from './hold-artifact.ts';
import { holdResolveCommand } from './hold-resolve.ts';

export function holdsCommand(holds: Command, run: Run): void {
  holds
    .description(
      'Lists the uploads that wait for a person, the oldest first; with an id: one of them with its evidence.',
    )
    .argument('[id]', 'a held chunk, chk_…', flag.id('chk'));
  listFlags(holdFlags(holds)).action(
    run(async (context, id: string | undefined, options: ListOptions & HoldFlags) => {
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
            'money',
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
            heldMoneyText(row),
            heldTimes(row, ', again '),
            row.allowed.join(','),
          ],
          none: 'Nothing is held.',
        },
        options,
      );
      if (last !== undefined && last.totals.chunks > 0) {
        const { chunks, numbers } = last.totals;
        output.note(
          `${counted(chunks, 'upload')}, ${counted(numbers, 'number')}, ${heldTotals(last.totals)}. ` +
            "Look at one with `rollcall holds ID`, decide with `rollcall holds resolve ID --decision D --reason '…'`.",
        );
      }
      return 'done';
    }),
  );

  holdArtifactCommand(holds, run);
  holdResolveCommand(holds, run);
}

async function readHold({ api, signal }: Context, id: string) {
  try {
    return await api.ask(wholeHoldSchema, 'GET', `/v1/holds/${id}`, { signal });
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.problem.code !== 'not_found') throw error;
    throw new CommandFailed(error.ending, error.problem, [
      `Not held any more (or never was): → rollcall chunks ${id}`,
    ]);
  }
}
