import type { CommandFailed, ShownProblem } from './command-failed.ts';
import { exitCodes } from './exit-codes.ts';
import { flagNamed, inFlags } from './flag-words.ts';
import type { Stream } from './output.ts';
import { counted, grouped, plainJson, plainText } from './plain-text.ts';

/** Says on standard error why a command failed, where, and what to do: as lines, or as the problem document with its exit code. */
export function showFailure(stream: Stream, failure: CommandFailed, json: boolean): void {
  const { problem, advice, ending } = failure;
  if (json) {
    const shown = {
      ...problem,
      exit_code: exitCodes[ending].code,
      ...(advice.length > 0 && { advice }),
    };
    stream.write(`${plainJson(shown)}\n`);
    return;
  }
  const lines = [
    `rollcall: ${problem.title}.`,
    ...detailLines(problem),
    ...fieldLines(problem),
    ...figureLines(problem),
    ...advice,
    ...(problem.status === undefined
      ? []
      : [
          `(${problem.status} ${problem.code}, request ${problem.instance?.replace('urn:uuid:', '') ?? 'unknown'})`,
        ]),
  ];
  const [first, ...rest] = lines.map(plainText);
  stream.write(`${[first, ...rest.map((line) => `  ${line}`)].join('\n')}\n`);
}

/** With the figures of a retry beside it, what the API says of them is said below. */
function detailLines({ detail, retry, status }: ShownProblem): string[] {
  if (retry !== undefined) return [];
  return (status === undefined ? detail : inFlags(detail))
    .split('\n')
    .filter((line) => line !== '');
}

function fieldLines({ errors = [] }: ShownProblem): string[] {
  return errors.map(
    ({ in: where, pointer, message }) => `${flagOf(where, pointer)}: ${inFlags(message)}`,
  );
}

/** A field as the flag that it came from: `/requested_by` is --requested-by. */
function flagOf(where: string, pointer: string): string {
  const [, name] = /^\/([a-z_]+)$/.exec(pointer) ?? [];
  if (name === undefined) return `${where} ${pointer || '(the whole)'}`;
  return where === 'body' || where === 'query' ? flagNamed(name) : `${where} ${name}`;
}

function figureLines({ code, counts, line, money, retry }: ShownProblem): string[] {
  return [
    ...(line === undefined ? [] : [`At line ${line}, header and blank ones not counted.`]),
    ...(counts === undefined
      ? []
      : [
          `${counted(counts.lines, 'line')}: ${grouped(counts.accepted)} accepted, ${counted(counts.duplicates, 'duplicate')}, ${grouped(counts.rejected)} rejected; at least ${grouped(counts.minimum)} are needed.`,
          ...Object.entries(counts.reject_reasons).map(
            ([reason, count]) => `  ${reason}: ${grouped(count)}`,
          ),
        ]),
    ...(money === undefined
      ? []
      : [
          `It would cost ${money.cost} ${money.currency}; ${code === 'cost_ceiling_too_low' ? '--cost-ceiling' : '--max-cost'} is ${money.max_cost} ${money.currency}.`,
        ]),
    ...(retry === undefined
      ? []
      : [
          `Asking ${counted(retry.numbers, 'number')} again costs ${retry.cost} ${retry.currency}, and ${paidText(retry)} paid for before, or may have been.`,
          `Give --approve WHY --cost-ceiling ${retry.cost}, with a key of scope approvals:write.`,
        ]),
  ];
}

function paidText({ numbers, may_be_paid }: NonNullable<ShownProblem['retry']>): string {
  if (may_be_paid === numbers) return numbers === 1 ? 'it was' : 'all of them were';
  return `${grouped(may_be_paid)} of them ${may_be_paid === 1 ? 'was' : 'were'}`;
}
