import { type Erasure, erasureSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { askRepeatable } from '../ask-repeatable.ts';
import type { Context } from '../context.ts';
import { describeErasure, endOf } from '../erasure-view.ts';
import { flag } from '../flags.ts';
import { type ListedNumber, readNumberList } from '../number-list.ts';
import { onRequestFlags, type OnRequestOptions, onRequestOf } from '../on-request-flags.ts';
import { counted, plainText, timeText } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { refuseLackingScopes } from '../refuse-lacking-scopes.ts';
import { wait } from '../wait.ts';

/** It cannot be taken back: a whole list of customers by mistake is refused. */
const numbers_max = 1_000;
const askEvery_ms = 2_000;

export function eraseCommand(command: Command, run: Run): void {
  command
    .description(
      'Erases numbers from all rows and files, which cannot be taken back, and puts them on the suppression list. Each gets a receipt, which has no number; a worker erases it within 72 hours, mostly within seconds.',
    )
    .argument(
      '<file>',
      'one number a line as +E.164, at most 1,000; - for standard input. Numbers never stand on the command line',
    )
    .option('--wait', 'stay until all are erased');
  onRequestFlags(command).action(
    run(async (context, path: string, options: OnRequestOptions & { readonly wait?: boolean }) => {
      const { output } = context;
      await refuseLackingScopes(context, { admin: 'an erasure' });
      const list = await readNumberList(context, path, numbers_max);
      /** Receipts that were given, as JSON, and are not shown yet. */
      const unshown = new Map<string, unknown>();
      try {
        await askAll(context, list, options, unshown);
        const [first = ''] = unshown.keys();
        const [it, id] = unshown.size === 1 ? ['it', first] : ['them', 'ID'];
        if (!options.wait) {
          output.note(`A worker erases ${it}. Follow ${it} with: rollcall erasure ${id} --watch`);
          return 'done';
        }
        for (const each of [...unshown.keys()]) {
          const { value, raw } = await untilDone(context, each);
          if (output.json) await output.value(raw);
          else output.note(plainText(endOf(value)));
          unshown.delete(each);
        }
        return 'done';
      } finally {
        // However it ends, nobody loses the receipts.
        if (output.json) for (const raw of unshown.values()) await output.value(raw);
      }
    }),
  );
}

export function erasureCommand(command: Command, run: Run): void {
  command
    .description(
      'Shows the receipt of an erasure: what was removed, whom the number had been sent to, and which files were written anew. It has no number.',
    )
    .argument('<id>', 'a receipt, ers_…', flag.id('ers'))
    .option('--watch', 'stay until it is done')
    .action(
      run(async (context, id: string, { watch = false }: { readonly watch?: boolean }) => {
        const { output } = context;
        const { value, raw } = watch ? await untilDone(context, id) : await read(context, id);
        if (output.json) await output.value(raw);
        else for (const line of describeErasure(value)) await output.line(line);
        return 'done';
      }),
    );
}

/** Asks for one after the other, and shows each receipt as it is given: should one fail, those before it are known. */
async function askAll(
  context: Context,
  list: readonly ListedNumber[],
  options: OnRequestOptions,
  receipts: Map<string, unknown>,
): Promise<void> {
  const { output } = context;
  for (const { line, number } of list) {
    const body = { number, ...onRequestOf(options) };
    const { value, raw } = await askRepeatable(context, erasureSchema, '/v1/erasures', body);
    const rows = [
      ['line', 'receipt', 'due'],
      [String(line), value.id, timeText(value.due_at)],
    ];
    if (!output.json) await output.table(rows, { continues: receipts.size > 0 });
    receipts.set(value.id, raw);
  }
}

const read = ({ api, signal }: Context, id: string) =>
  api.ask(erasureSchema, 'GET', `/v1/erasures/${id}`, { signal });

async function untilDone(context: Context, id: string) {
  for (let said: Erasure['files'] | null = null; ; ) {
    const answer = await read(context, id);
    const { state, files } = answer.value;
    if (state === 'done') return answer;
    const waiting = files.filter((file) => file.state === 'waiting').length;
    if (said === null || said.length !== files.length) {
      said = files;
      context.output.note(
        `${id} is waiting; ${counted(files.length - waiting, 'file')} written anew so far.`,
      );
    }
    await wait(askEvery_ms, context.signal);
  }
}
