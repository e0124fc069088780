import { cancelledJobSchema, jobSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { usageError } from '../command-failed.ts';
import { flag } from '../flags.ts';
import { describeJob } from '../job-view.ts';
import { counted, plainText } from '../plain-text.ts';
import type { Run } from '../program.ts';

const verbs = {
  pause: 'Sends nothing more of a job until it is resumed; what was sent still comes in.',
  resume: 'Goes on with a paused job, or behind a rejected first upload.',
} as const;

/** The command of a verb that answers with the job. */
export function verbCommand(verb: keyof typeof verbs) {
  return (command: Command, run: Run): void => {
    command
      .description(verbs[verb])
      .argument('<id>', 'a job', flag.id('job'))
      .action(
        run(async ({ api, output, signal }, id: string) => {
          const { value, raw } = await api.ask(jobSchema, 'POST', `/v1/jobs/${id}/${verb}`, {
            signal,
          });
          if (output.json) await output.value(raw);
          else await output.line(`${value.id} is ${value.state}.`);
          return 'done';
        }),
      );
  };
}

export function cancelCommand(command: Command, run: Run): void {
  command
    .description(
      'Ends a job: what was not sent is never sent. Says what is paid, what may still be charged, and what is released.',
    )
    .argument('<id>', 'a job', flag.id('job'))
    .action(
      run(async ({ api, output, signal }, id: string) => {
        const { value, raw } = await api.ask(cancelledJobSchema, 'POST', `/v1/jobs/${id}/cancel`, {
          signal,
        });
        if (output.json) await output.value(raw);
        else for (const line of describeCancellation(value)) await output.line(line);
        return 'done';
      }),
    );
}

export function changeCommand(command: Command, run: Run): void {
  command
    .description('Changes an open job. Raising max_cost lets go on what its ceiling had blocked.')
    .argument('<id>', 'a job', flag.id('job'))
    .option('--max-cost <amount>', 'most that it may spend; none: no ceiling of its own')
    .option('--priority <n>', '-100 to 100, higher goes first', flag.whole(-100, 100))
    .option('--name <name>', 'a name of your own; an empty one removes it')
    .action(
      run(async ({ api, output, signal }, id: string, options: ChangeOptions) => {
        const { value, raw } = await api.ask(jobSchema, 'PATCH', `/v1/jobs/${id}`, {
          body: JSON.stringify(changesOf(options)),
          signal,
        });
        if (output.json) await output.value(raw);
        else for (const line of describeJob(value)) await output.line(line);
        return 'done';
      }),
    );
}

interface ChangeOptions {
  readonly maxCost?: string;
  readonly priority?: number;
  readonly name?: string;
}

function changesOf({ maxCost, priority, name }: ChangeOptions): Record<string, unknown> {
  if (maxCost === undefined && priority === undefined && name === undefined) {
    throw usageError('Say what to change: --max-cost, --priority or --name.');
  }
  return {
    ...(maxCost !== undefined && { max_cost: maxCost === 'none' ? null : flag.amount(maxCost) }),
    ...(priority !== undefined && { priority }),
    ...(name !== undefined && { name: name === '' ? null : name }),
  };
}

type Cancelled = ReturnType<typeof cancelledJobSchema.parse>;

function describeCancellation({ job, cancellation }: Cancelled): string[] {
  const { money } = cancellation;
  const amount = (value: string | null) =>
    value === null ? 'unknown' : `${value} ${money.currency}`;
  return [
    `${job.id} is ${job.state}.`,
    `  not sent     ${counted(cancellation.numbers_cancelled, 'number')} in ${counted(cancellation.chunks_cancelled, 'upload')}; released: ${amount(money.released)}`,
    `  in flight    ${counted(cancellation.numbers_in_flight, 'number')}; may still be charged: ${amount(money.may_still_be_charged)}`,
    `  answered     ${counted(cancellation.numbers_answered, 'number')}; they stay`,
    `  paid         ${amount(money.paid)}`,
    ...heldLines(job),
    ...(money.at_risk === '0' ? [] : [`  at risk      ${amount(money.at_risk)}`]),
    ...(money.written_off === '0' ? [] : [`  written off  ${amount(money.written_off)}`]),
  ].map(plainText);
}

/** A held upload keeps the job open: only a decision ends it. */
function heldLines({ id, state, chunks, attention }: Cancelled['job']): string[] {
  if (chunks.held === 0 || state !== 'cancelling') return [];
  const numbers = attention
    .filter((each) => each.state === 'held')
    .reduce((sum, each) => sum + each.numbers, 0);
  return [
    `  held         ${counted(numbers, 'number')}: the job stays cancelling until decided → rollcall holds --job ${id}`,
  ];
}
