import { chunkPageSchema, wholeChunkSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { usageError } from '../command-failed.ts';
import { decisionLine } from '../describe-hold.ts';
import { flag } from '../flags.ts';
import { listFlags } from '../list-flags.ts';
import { grouped, plainText, timeText } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { type ListOptions, showList } from '../show-list.ts';

export function chunksCommand(command: Command, run: Run): void {
  command
    .description(
      'Shows the uploads of a job; with the id of a chunk: that one with its attempts, polls and decisions.',
    )
    .argument('<id>', 'a job, job_…, or a chunk, chk_…', flag.id('job', 'chk'))
    .argument('[chunk]', 'one of the job, chk_…', flag.id('chk'))
    .option('--state <state>', 'only those in this state');
  listFlags(command).action(
    run(
      async (
        context,
        id: string,
        chunk: string | undefined,
        options: ListOptions & { readonly state?: string },
      ) => {
        const { api, output, signal } = context;
        const isChunk = id.startsWith('chk_');
        if (isChunk && chunk !== undefined) {
          throw usageError('Give a job, a chunk, or a job and a chunk of it.');
        }
        if (isChunk || chunk !== undefined) {
          const path = isChunk ? `/v1/chunks/${id}` : `/v1/jobs/${id}/chunks/${chunk}`;
          const { value, raw } = await api.ask(wholeChunkSchema, 'GET', path, { signal });
          if (output.json) await output.value(raw);
          else for (const line of describeChunk(value)) await output.line(line);
          return 'done';
        }
        await showList(
          context,
          {
            schema: chunkPageSchema,
            path: `/v1/jobs/${id}/chunks`,
            query: { state: options.state },
            page_max: 1_000,
            headings: [
              'no',
              'chunk',
              'state',
              'numbers',
              'polls',
              'task',
              'changed',
              'next',
              'reason',
            ],
            lessImportant: ['next', 'task', 'polls', 'changed', 'no', 'numbers'],
            row: (row) => [
              String(row.number),
              row.id,
              row.state,
              grouped(row.numbers),
              String(row.polls),
              row.task_id ?? '',
              timeText(row.changed_at),
              timeText(row.next_at),
              [row.reason, row.detail].filter(Boolean).join(': '),
            ],
            none: 'It has no such uploads (yet).',
          },
          options,
        );
        return 'done';
      },
    ),
  );
}

type WholeChunk = ReturnType<typeof wholeChunkSchema.parse>;

/** What an answer named that is not the attempt's task: where that was paid twice, the money says so. */
function ownAnswer({ named_task_id, paid_twice }: WholeChunk['attempts'][number]): string {
  return named_task_id === null || paid_twice ? '' : `, its own answer named ${named_task_id}`;
}

function describeChunk(chunk: WholeChunk): string[] {
  return [
    `chunk     ${chunk.id}, number ${chunk.number} of ${chunk.job_id}`,
    `state     ${[chunk.state, chunk.reason, chunk.detail].filter(Boolean).join(': ')} since ${timeText(chunk.changed_at)}`,
    `numbers   ${grouped(chunk.numbers)} at ${chunk.account}`,
    ...chunk.attempts.map(
      (each) =>
        `attempt   ${each.number}: ${each.outcome}${each.reason === null ? '' : ` (${each.reason})`}, ${each.amount} ${each.currency} ${each.money}${each.paid_twice ? ` (paid twice: the provider took it as ${each.named_task_id ?? each.task_id}, claim it back)` : ''}, ${timeText(each.started_at)}${each.task_id === null ? '' : `, task ${each.task_id}`}${ownAnswer(each)}`,
    ),
    ...chunk.recent_polls.map(
      (each) =>
        `poll      ${timeText(each.at)} ${each.answer}${each.word === null ? '' : `: ${each.word}`}`,
    ),
    ...chunk.decisions.map(decisionLine),
    ...(chunk.state === 'held' ? [`→ rollcall holds ${chunk.id}`] : []),
  ].map(plainText);
}
