import { randomUUID } from 'node:crypto';
import { jobSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { usageError } from '../command-failed.ts';
import type { Context } from '../context.ts';
import { createJob } from '../create-job.ts';
import {
  exportFlags,
  type ExportOptions,
  exportTo,
  formatOf,
  refuseFlagsWithoutOut,
} from '../export-to.ts';
import { flag } from '../flags.ts';
import { counted } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { refuseLackingScopes, scopesToWait } from '../refuse-lacking-scopes.ts';
import { refuseTaken } from '../save-file.ts';
import { howToComeBack, type Watched, watchJob } from '../watch-job.ts';

interface RetryOptions extends ExportOptions {
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

export function retryCommand(command: Command, run: Run): void {
  command
    .description(
      'Makes a job of the numbers of a closed job that failed or are missing. Where they may have been paid for, it needs the word of the one who pays. With --out it waits, and writes the newest answer of every number of the first job, as `export ID --latest` does.',
    )
    .argument('<id>', 'a closed job', flag.id('job'))
    .option(
      '--include <outcomes>',
      'failed, missing or both (if absent)',
      flag.words(['failed', 'missing']),
    )
    .option('--account <id>', 'who answers this time', flag.account)
    .option('--name <name>', 'a name of your own')
    .option('--purpose <why>', 'why these numbers are checked', flag.filledIn)
    .option('--requested-by <who>', 'the person or system that asks', flag.filledIn)
    .option('--max-cost <amount>', 'most that it may spend', flag.amount)
    .option(
      '--approve <why>',
      'why paying again is right, where it may be; needs approvals:write',
      flag.filledIn,
    )
    .option('--cost-ceiling <amount>', 'with --approve: most that it may cost', flag.amount)
    .option('--idempotency-key <key>', 'repeat an earlier command safely')
    .option('--wait', 'stay until the new job is closed, with its progress');
  exportFlags(command).action(
    run(async (context, id: string, options: RetryOptions) => {
      const { output } = context;
      const { out } = options;
      const waits = options.wait === true || out !== undefined;
      refuseFlagsWithoutOut(options);
      formatOf(options);
      if (out !== undefined && out !== '-') await refuseTaken(out, options.force === true);
      if (waits) await refuseLackingScopes(context, scopesToWait(out));
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
      if (!waits && output.json) await output.value(raw);
      // Where results go to standard output, nothing else does.
      if (!output.json && out !== '-') await output.line(job.id);
      output.note(`${counted(job.counts.accepted, 'number')} at ${job.account}`);
      if (!waits) {
        output.note(howToComeBack(job.id, 'The job is stored and runs.'));
        return 'done';
      }
      const watched = await watchJob(context, job.id);
      if (out !== undefined) await exportLatest(context, watched, options);
      if (output.json && out !== '-') await output.value(watched.job);
      return watched.ending;
    }),
  );
}

/** The newest answers stand under the job that was retried first. */
async function exportLatest(
  context: Context,
  { ending, job }: Watched,
  options: RetryOptions,
): Promise<void> {
  const { api, output, signal } = context;
  let root = job.id;
  for (let parent = job.retry_of; parent !== null; ) {
    root = parent;
    ({ retry_of: parent } = (
      await api.ask(jobSchema, 'GET', `/v1/jobs/${root}`, { signal })
    ).value);
  }
  if (ending !== 'personNeeded' && job.state !== 'failed') {
    await exportTo(context, root, { ...options, latest: true });
    return;
  }
  const { out = '-', shape, format } = options;
  const flags = [
    ...(shape === undefined ? [] : [` --shape ${shape}`]),
    ...(format === undefined ? [] : [` --format ${format}`]),
  ].join('');
  output.note(
    `Nothing was written to ${out}. When the job is closed: rollcall export ${root} --latest${flags} --out ${out}`,
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
