import { phoneNumberSchema } from '@rollcall/contract';
import { CommandFailed, failed } from './command-failed.ts';
import type { Context } from './context.ts';
import { counted, grouped } from './plain-text.ts';
import { openUploadSource } from './upload-source.ts';

export interface ListedNumber {
  /** Of the list, from 1; the first that has the number. */
  readonly line: number;
  /** As +E.164. */
  readonly number: string;
}

/** No line of a number is longer, with blanks about it. */
const lineBytes_max = 64;
const linesNamed_max = 10;

/**
 * The numbers of a list that somebody made for this: one a line, each whole, since nothing is guessed of what is erased. From FILE, or standard
 * input for `-`; never from the command line, which every user of the machine sees. Throws CommandFailed, which names lines and no number.
 */
export async function readNumberList(
  { stdin, signal }: Pick<Context, 'stdin' | 'signal'>,
  path: string,
  numbers_max: number,
): Promise<readonly ListedNumber[]> {
  const lines = (await readText(stdin, signal, path, numbers_max * lineBytes_max))
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .map((text, index) => ({ line: index + 1, number: text.trim() }))
    .filter(({ number }) => number !== '');
  const wrong = lines.filter(({ number }) => !phoneNumberSchema.safeParse(number).success);
  if (wrong.length > 0) {
    const named = wrong.slice(0, linesNamed_max).map(({ line }) => grouped(line));
    const more = wrong.length > named.length ? ' and more' : '';
    throw failed(
      'usage',
      'not_a_number',
      'The list has lines that are no numbers',
      `Line ${named.join(', ')}${more}: write + and the digits, the country code first and nothing between them. Nothing was sent.`,
    );
  }
  const byNumber = new Map<string, ListedNumber>();
  for (const each of lines) if (!byNumber.has(each.number)) byNumber.set(each.number, each);
  if (byNumber.size > numbers_max) throw tooMany(numbers_max);
  if (byNumber.size > 0) return [...byNumber.values()];
  throw failed('usage', 'empty_list', 'The list is empty', 'Write one number a line.');
}

async function readText(
  stdin: NodeJS.ReadableStream,
  signal: AbortSignal,
  path: string,
  bytes_max: number,
): Promise<string> {
  await using source = await openUploadSource(path, stdin, signal).catch((error: unknown) => {
    throw /^[+\d][\d ().-]{6,}$/.test(path) && error instanceof CommandFailed
      ? onCommandLine()
      : error;
  });
  if (source.bytes > bytes_max) throw tooMany(Math.floor(bytes_max / lineBytes_max));
  const pieces: Uint8Array[] = [];
  for await (const piece of source.read()) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function tooMany(numbers_max: number): CommandFailed {
  const detail = `It takes at most ${counted(numbers_max, 'number')}; nothing was sent.`;
  return failed('usage', 'too_many_numbers', 'The list is too long', detail);
}

function onCommandLine(): CommandFailed {
  return failed(
    'usage',
    'number_on_command_line',
    'A number does not stand on the command line',
    'Every user of this machine sees it there, and the shell remembers it. Write it into a file, or send it to standard input and write - here.',
  );
}
