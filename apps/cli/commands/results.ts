import { rejectPageSchema, resultPageSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { exportFlags, exportTo, type ExportOptions } from '../export-to.ts';
import { flag } from '../flags.ts';
import { listFlags } from '../list-flags.ts';
import type { Output } from '../output.ts';
import { timeText } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { type ListOptions, showList } from '../show-list.ts';

/** A terminal shows the beginning; whatever else reads it wants all of it. */
function wholeUnlessLimited(options: ListOptions, { isTerminal, json }: Output): ListOptions {
  const limits = options.limit !== undefined || (isTerminal && !json);
  return limits ? options : { ...options, all: true };
}

export function resultsCommand(command: Command, run: Run): void {
  command
    .description(
      'Shows the results of a job in order of number: on a terminal the first of them, elsewhere all.',
    )
    .argument('<id>', 'a job', flag.id('job'))
    .option('--outcome <outcome>', 'only these, e.g. registered');
  listFlags(command).action(
    run(async (context, id: string, options: ListOptions & { readonly outcome?: string }) => {
      const last = await showList(
        context,
        {
          schema: resultPageSchema,
          path: `/v1/jobs/${id}/results`,
          query: { outcome: options.outcome },
          page_max: 1_000,
          jsonRows: true,
          headings: ['number', 'outcome', 'account', 'source', 'cost', 'checked_at', 'attributes'],
          lessImportant: ['source', 'account', 'cost'],
          row: (row) => [
            row.number,
            row.outcome,
            row.account,
            row.source,
            row.cost,
            context.output.isTerminal ? timeText(row.checked_at) : row.checked_at,
            row.attributes === null ? '' : JSON.stringify(row.attributes),
          ],
          none: 'No such results are there.',
        },
        wholeUnlessLimited(options, context.output),
      );
      if (last?.final === false) context.output.note('The job is not closed: more may come.');
      return 'done';
    }),
  );
}

export function rejectsCommand(command: Command, run: Run): void {
  command
    .description(
      'Shows the lines that were no numbers. A line counts records of the upload from 1, without header and blank ones.',
    )
    .argument('<id>', 'a job', flag.id('job'));
  listFlags(command).action(
    run(async (context, id: string, options: ListOptions) => {
      await showList(
        context,
        {
          schema: rejectPageSchema,
          path: `/v1/jobs/${id}/rejects`,
          query: {},
          page_max: 1_000,
          jsonRows: true,
          headings: ['line', 'reason', 'raw'],
          row: (row) => [String(row.line), row.reason, row.raw],
          none: 'No line was rejected.',
        },
        wholeUnlessLimited(options, context.output),
      );
      return 'done';
    }),
  );
}

export function exportCommand(command: Command, run: Run): void {
  command
    .description('Writes the results of a job to a file, or to standard output.')
    .argument('<id>', 'a job', flag.id('job'))
    .option('--outcome <outcome>', 'only these (with --shape results)')
    .option('--latest', 'the newest answers, those of its retries included')
    .option('--partial', 'what is there so far, of a job that is not closed');
  exportFlags(command).action(
    run(
      async (
        context,
        id: string,
        options: ExportOptions & {
          readonly outcome?: string;
          readonly latest?: boolean;
          readonly partial?: boolean;
        },
      ) => {
        await exportTo(context, id, options);
        return 'done';
      },
    ),
  );
}
