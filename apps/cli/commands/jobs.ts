import { jobPageSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { flag } from '../flags.ts';
import { jobHeadings, jobLessImportant, jobRow } from '../job-view.ts';
import { listFlags } from '../list-flags.ts';
import type { Run } from '../program.ts';
import { type ListOptions, showList } from '../show-list.ts';

interface JobsOptions extends ListOptions {
  readonly state?: string;
  readonly check?: string;
  readonly account?: string;
  readonly name?: string;
  readonly requestedBy?: string;
  readonly retryOf?: string;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
  readonly attention?: boolean;
}

export function jobsCommand(command: Command, run: Run): void {
  command
    .description('Lists jobs, the newest first.')
    .option('--state <states>', 'in one of these states, separated by commas')
    .option('--check <name>', 'of this check')
    .option('--account <id>', 'at this account')
    .option('--name <name>', 'of exactly this name')
    .option('--requested-by <who>', 'asked for by exactly this person or system')
    .option('--retry-of <id>', 'retries of this job', flag.id('job'))
    .option('--created-after <time>', 'made then or later: 2024-08-01T00:00:00Z')
    .option('--created-before <time>', 'made before')
    .option('--attention', 'only those of which something is held, blocked or not paid for');
  listFlags(command).action(
    run(async (context, options: JobsOptions) => {
      await showList(
        context,
        {
          schema: jobPageSchema,
          path: '/v1/jobs',
          query: {
            state: options.state,
            check: options.check,
            account: options.account,
            name: options.name,
            requested_by: options.requestedBy,
            retry_of: options.retryOf,
            created_after: options.createdAfter,
            created_before: options.createdBefore,
            attention: options.attention,
          },
          page_max: 100,
          headings: jobHeadings,
          lessImportant: jobLessImportant,
          row: jobRow,
          none: 'There are no such jobs.',
        },
        options,
      );
      return 'done';
    }),
  );
}
