import {
  type SuppressionList,
  suppressionListSchema,
  suppressionsAddedSchema,
  suppressionsAtOnce_max,
  suppressionsRemovedSchema,
} from '@rollcall/contract';
import type { Command } from 'commander';
import type { z } from 'zod';
import { askRepeatable } from '../ask-repeatable.ts';
import { CommandFailed } from '../command-failed.ts';
import type { Context } from '../context.ts';
import { inFlags } from '../flag-words.ts';
import { type ListedNumber, readNumberList } from '../number-list.ts';
import { onRequestFlags, type OnRequestOptions, onRequestOf } from '../on-request-flags.ts';
import { counted, grouped, timeText } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { refuseLackingScopes } from '../refuse-lacking-scopes.ts';

const numbers_max = 1_000_000;
const file = [
  '<file>',
  'one number a line as +E.164; - for standard input. Numbers never stand on the command line',
] as const;

export function suppressCommand(suppress: Command, run: Run): void {
  suppress.description(
    'The list of numbers that must not be sent. It keeps no number and cannot be listed: it is counted.',
  );
  const add = suppress
    .command('add')
    .summary('put numbers on it')
    .description('Puts numbers on the list: from now on they are sent to nobody.')
    .argument(...file);
  onRequestFlags(add).action(
    run(async (context, path: string, options: OnRequestOptions) => {
      const sums = await inCalls(context, path, (numbers) =>
        askRepeatable(context, suppressionsAddedSchema, '/v1/suppressions', {
          numbers,
          ...onRequestOf(options),
        }),
      );
      const { added = 0, known = 0 } = sums;
      if (context.output.json) await context.output.value({ added, known });
      else
        await context.output.line(
          `${counted(added, 'number')} added, ${grouped(known)} on it before.`,
        );
      return 'done';
    }),
  );

  const remove = suppress
    .command('remove')
    .summary('take numbers off it')
    .description(
      'Takes numbers off the list: jobs to come send them again. Where one was erased, none is taken off without --erasure.',
    )
    .argument(...file)
    .option(
      '--erasure',
      'also those that were erased, which ends the promise that they are never sent again',
    );
  onRequestFlags(remove).action(
    run(
      async (context, path: string, options: OnRequestOptions & { readonly erasure?: boolean }) => {
        const sums = await inCalls(context, path, (numbers) =>
          askRepeatable(context, suppressionsRemovedSchema, '/v1/suppressions/remove', {
            numbers,
            ...(options.erasure && { erasure: true }),
            ...onRequestOf(options),
          }),
        );
        const { removed = 0, unknown = 0 } = sums;
        if (context.output.json) await context.output.value({ removed, unknown });
        else
          await context.output.line(
            `${counted(removed, 'number')} removed, ${grouped(unknown)} not on it.`,
          );
        return 'done';
      },
    ),
  );

  suppress
    .command('show')
    .summary('count it')
    .description('Counts the list, by why numbers are there and by the secret they stand under.')
    .action(
      run(async ({ api, output, signal }) => {
        const { value, raw } = await api.ask(suppressionListSchema, 'GET', '/v1/suppressions', {
          signal,
        });
        if (output.json) await output.value(raw);
        else for (const line of describeList(value)) await output.line(line);
        return 'done';
      }),
    );
}

/** Sends a list in as many calls as it takes, and sums up what they say. What was done before one fails stays, and is safe to send again. */
async function inCalls(
  context: Context,
  path: string,
  call: (
    numbers: readonly string[],
  ) => Promise<{ readonly value: z.output<z.ZodRecord<z.ZodString, z.ZodNumber>> }>,
): Promise<Readonly<Record<string, number>>> {
  await refuseLackingScopes(context, { admin: 'the suppression list' });
  const list = await readNumberList(context, path, numbers_max);
  const sums: Record<string, number> = {};
  for (let at = 0; at < list.length; at += suppressionsAtOnce_max) {
    const part = list.slice(at, at + suppressionsAtOnce_max);
    const { value } = await call(part.map(({ number }) => number)).catch((error: unknown) => {
      throw error instanceof CommandFailed ? withLines(error, part, at) : error;
    });
    for (const [name, count] of Object.entries(value)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

const linesNamed_max = 10;

/** A refusal that names places of what was sent as one that names lines of the list. */
function withLines(
  { ending, problem, advice }: CommandFailed,
  part: readonly ListedNumber[],
  done: number,
): CommandFailed {
  const { errors = [], ...rest } = problem;
  const ofNumbers = errors.flatMap(({ pointer, message }) => {
    const line = part[Number(/^\/numbers\/(\d+)$/.exec(pointer)?.[1])]?.line;
    return line === undefined ? [] : [`Line ${grouped(line)}: ${message}`];
  });
  const others = errors.filter(({ pointer }) => !/^\/numbers\/\d+$/.test(pointer));
  return new CommandFailed(ending, { ...rest, ...(others.length > 0 && { errors: others }) }, [
    ...ofNumbers.slice(0, linesNamed_max).map((line) => inFlags(line)),
    ...(ofNumbers.length > linesNamed_max
      ? [`and ${grouped(ofNumbers.length - linesNamed_max)} lines more`]
      : []),
    ...(done > 0
      ? [
          `The first ${counted(done, 'number')} of the list are done; sent again they change nothing.`,
        ]
      : []),
    ...advice,
  ]);
}

function describeList({ numbers, by_reason, by_secret, changed_at }: SuppressionList): string[] {
  return [
    `numbers   ${grouped(numbers)}: ${grouped(by_reason.objection)} put there, ${grouped(by_reason.erasure)} erased`,
    `changed   ${changed_at === null ? 'never' : timeText(changed_at)}`,
    ...by_secret.map(
      ({ secret, current, numbers: entries, erased_numbers: erased, receipts }) =>
        `secret    ${secret}${current ? ' (current)' : ''}: ${counted(entries, 'number')}, ${grouped(erased)} erased, ${counted(receipts, 'receipt')}`,
    ),
  ];
}
