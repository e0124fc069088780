import {
  type Replay,
  type ReplayedJob,
  replayedJobSchema,
  replayedRowPageSchema,
  replaySchema,
} from '@rollcall/contract';
import { Argument, type Command } from 'commander';
import { usageError } from '../command-failed.ts';
import type { Context } from '../context.ts';
import { flag } from '../flags.ts';
import { counted, grouped, plainText } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { refuseLackingScopes } from '../refuse-lacking-scopes.ts';
import { showList } from '../show-list.ts';
import { wait } from '../wait.ts';

interface ReplayOptions {
  readonly job?: string;
  readonly account?: string;
  readonly reason?: string;
  readonly apply?: boolean;
  readonly rows?: boolean;
}

const askEvery_ms = 500;

export function replayCommand(command: Command, run: Run): void {
  command
    .description(
      "Reads kept result files again with the account's settings of now, and shows the rows before and after. Nothing is downloaded or paid, and without --apply nothing is changed. With the id of a replay it shows that one.",
    )
    .addArgument(
      new Argument('[id]', 'a chunk, chk_…, or a replay, rpl_…').argParser(flag.id('chk', 'rpl')),
    )
    .option('--job <id>', 'all chunks of this job instead', flag.id('job'))
    .option('--account <id>', 'with --job: only those at this account', flag.account)
    .option(
      '--reason <why>',
      'why, for whoever asks later; required, save to show a replay',
      flag.filledIn,
    )
    .option('--apply', 'replace the rows that differ; let a held chunk go on with its file')
    .option('--rows', 'list the rows that differ, too; they hold numbers')
    .action(
      run(async (context, id: string | undefined, options: ReplayOptions) => {
        const { output } = context;
        const isShown = id?.startsWith('rpl_') === true;
        refuseMisfits(id, isShown, options);
        await refuseLackingScopes(context, {
          ...(!isShown && { 'holds:resolve': 'replay' }),
          'jobs:read': 'to see what comes of it',
          ...(options.rows && { 'results:read': '--rows' }),
        });
        const ids = isShown && id !== undefined ? [id] : await ask(context, id, options);
        const replays: Replay[] = [];
        for (const each of ids) {
          const { value, raw } = await untilEnded(context, each);
          if (output.json && options.rows !== true) await output.value(raw);
          replays.push(value);
        }
        if (!output.json && replays.length > 0) await output.table(differenceOf(replays));
        for (const each of replays) output.note(plainText(endOf(each)));
        if (options.rows === true) for (const each of replays) await showRows(context, each);
        return replays.some(({ state }) => state === 'failed') ? 'failed' : 'done';
      }),
    );
}

function refuseMisfits(id: string | undefined, isShown: boolean, options: ReplayOptions): void {
  const { job, account, reason, apply } = options;
  if ((id === undefined) === (job === undefined)) throw usageError('Give a chunk, or --job JOB.');
  if (account !== undefined && job === undefined) throw usageError('--account goes with --job.');
  if (isShown && (reason !== undefined || apply === true)) {
    throw usageError('A replay that was asked for is only shown: no --reason, no --apply.');
  }
  if (!isShown && reason === undefined)
    throw usageError('Give --reason, with why in words of your own.');
}

/** Asks, and returns the ids of the replays. */
async function ask(
  { api, output, signal }: Context,
  chunk: string | undefined,
  { job, account, reason, apply }: ReplayOptions,
): Promise<readonly string[]> {
  if (chunk !== undefined) {
    const body = JSON.stringify({ reason, apply });
    const path = `/v1/chunks/${chunk}/replay`;
    const { value } = await api.ask(replaySchema, 'POST', path, { body, signal });
    output.note(`A worker reads it. Interrupted, look again with: rollcall replay ${value.id}`);
    return [value.id];
  }
  const ids: string[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const body = JSON.stringify({ reason, apply, account, after });
    const path = `/v1/jobs/${job}/replay`;
    const asked: ReplayedJob = (await api.ask(replayedJobSchema, 'POST', path, { body, signal }))
      .value;
    for (const { chunk_id, code } of asked.refused) output.note(`${chunk_id}: ${code}`);
    ids.push(...asked.replays);
    after = asked.next_after;
  }
  output.note(
    ids.length === 0
      ? 'No chunk of it has a file that can be read again.'
      : `Workers read ${counted(ids.length, 'file')}.`,
  );
  return ids;
}

async function untilEnded({ api, signal }: Context, id: string) {
  for (;;) {
    const answer = await api.ask(replaySchema, 'GET', `/v1/replays/${id}`, { signal });
    if (answer.value.finished_at !== null) return answer;
    await wait(askEvery_ms, signal);
  }
}

/** Rows before and after of all of them together: what changed, the most first, and then what did not. */
function differenceOf(replays: readonly Replay[]): string[][] {
  const moved = new Map<string, number>();
  let attributes = 0;
  let unchanged = 0;
  for (const { difference } of replays) {
    if (difference === null) continue;
    for (const { from, to, numbers } of difference.outcomes_changed) {
      const move = `${from ?? '(no row)'}\t${to}`;
      moved.set(move, (moved.get(move) ?? 0) + numbers);
    }
    attributes += difference.attributes_changed;
    unchanged += difference.unchanged;
  }
  return [
    ['before', 'after', 'numbers'],
    ...[...moved]
      .toSorted(([, one], [, other]) => other - one)
      .map(([move, numbers]) => [...move.split('\t'), grouped(numbers)]),
    ['(same outcome)', '(other attributes)', grouped(attributes)],
    ['(same row)', '(same row)', grouped(unchanged)],
  ];
}

function endOf({ id, chunk_id, mode, state, failure, difference }: Replay): string {
  if (difference === null) return `${chunk_id}: ${state} (${failure}); no row was touched. ${id}`;
  const { rows_before, rows_after } = difference;
  const done = { compare: 'compared', correct: 'corrected', release: 'released' }[mode];
  return `${chunk_id}: ${done}, ${grouped(rows_before)} rows before, ${grouped(rows_after)} after. ${id}`;
}

async function showRows(context: Context, { id }: Replay): Promise<void> {
  await showList(
    context,
    {
      schema: replayedRowPageSchema,
      path: `/v1/replays/${id}/rows`,
      query: {},
      page_max: 1_000,
      jsonRows: true,
      headings: ['number', 'before', 'after', 'attributes before', 'attributes after'],
      lessImportant: ['attributes before'],
      row: (row) => [
        row.number,
        row.outcome_before ?? '',
        row.outcome_after,
        row.attributes_before === null ? '' : JSON.stringify(row.attributes_before),
        row.attributes_after === null ? '' : JSON.stringify(row.attributes_after),
      ],
      none: 'No row differs.',
    },
    { all: true },
  );
}
