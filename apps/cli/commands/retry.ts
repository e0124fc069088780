import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { usageError } from '../command-failed.ts';
import { createJob } from '../create-job.ts';
import { flag } from '../flags.ts';
import { counted } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { howToComeBack, watchJob } from '../watch-job.ts';

interface RetryOptions {
  readonly include?: readonly string[];
  readonly account?: string;
  readonly name?: string;
  readonly maxCost?: string;
  readonly purpose?: string;
  readonly requestedBy?: string;
  readonly approve?: string;
  readonly costCeiling?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
}

const retries_max = 5;

export function retryCommand(program: Command, run: Run): void {
  program
    .command('retry')
    .summary('ask the failed and missing numbers of a job again')
    .description(
      'Makes a job of the numbers of a closed job that failed or are missing. Where they may have been paid for, it needs the word of the one who pays.',
    )
    .argument('<id>', 'a closed job', flag.id('job'))
    .option(
      '--include <outcomes>',
      'failed, missing or both (if absent)',
      flag.words(['failed', 'missing']),
    )
    .option('--account <id>', 'who answers this time', flag.account)
    .option('--name <name>', 'a name of your own')
    .option('--purpose <why>', 'why these numbers are checked')
    .option('--requested-by <who>', 'the person or system that asks')
    .option('--max-cost <amount>', 'most that it may spend', flag.amount)
    .option('--approve <why>', 'why paying again is right, where it may be; needs approvals:write')
    .option('--cost-ceiling <amount>', 'with --approve: most that it may cost', flag.amount)
    .option('--idempotency-key <key>', 'repeat an earlier command safely')
    .option('--wait', 'stay until the new job is closed, with its progress')
    .action(
      run(async (context, id: string, options: RetryOptions) => {
        const { output } = context;
        const idempotencyKey = options.idempotencyKey ?? randomUUID();
        const body = JSON.stringify(bodyOf(options));
        const { job, raw, replayed } = await createJob(context, {
          path: `/v1/jobs/${id}/retry`,
          idempotencyKey,
          retries_max,
          say: (text) => output.note(text),
          request: () => ({ body }),
        });
        if (replayed)
          output.note('This job was made by an earlier try with the same Idempotency-Key.');
        if (!options.wait && output.json) await output.value(raw);
        if (!output.json) await output.line(job.id);
        output.note(`${counted(job.counts.accepted, 'number')} at ${job.account}`);
        if (!options.wait) {
          output.note(howToComeBack(job.id));
          return 'done';
        }
        const watched = await watchJob(context, job.id);
        if (output.json) await output.value(watched.job);
        return watched.ending;
      }),
    );
}

function bodyOf(options: RetryOptions): Record<string, unknown> {
  const { approve, costCeiling } = options;
  if ((approve === undefined) !== (costCeiling === undefined)) {
    throw usageError('Give --approve WHY and --cost-ceiling AMOUNT together.');
  }
  return {
    include: options.include,
    account: options.account,
    name: options.name,
    purpose: options.purpose,
    requested_by: options.requestedBy,
    max_cost: options.maxCost,
    approval: approve === undefined ? undefined : { why: approve, cost_ceiling: costCeiling },
  };
}
