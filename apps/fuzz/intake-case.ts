import { gzipSync } from 'node:zlib';
import { JsonSplitter, readNumbers } from '@rollcall/numbers';
import { makeXlsx } from '@rollcall/testing';
import { type Damaged, damage } from './damage.ts';
import type { Random } from './random.ts';
import type { CaseOutcome } from './result-case.ts';

const limits = { maxLines: 100_000, maxLineBytes: 4_096, maxBytes: 8_388_608 };

/** An upload whose numbers are known, damaged, and what came of reading it. */
export async function intakeCase(random: Random): Promise<CaseOutcome> {
  const numbers = Array.from(
    { length: random.chance(100) ? random.from(5_000, 30_000) : random.from(1, 120) },
    (_, n) => 447_911_000_000 + n * 7,
  );
  const form = random.pick(forms);
  const made = await form.make(numbers, random);
  const { bytes, how, isCut } = made;
  const label = `${form.name}, ${how.join(' + ')}`;
  const outcome = await readNumbers(inPieces(bytes, random), { ...limits, format: form.format });
  const kind = `${form.name} ${outcome.kind}`;
  if (outcome.kind === 'refused') return { kind, label, bytes, wrong: null };
  await using intake = outcome.intake;
  const read: number[] = [];
  for await (const batch of intake.sortedNumbers()) read.push(...batch);
  const wrong =
    read.length !== intake.accepted ||
    intake.lines !== read.length + intake.duplicates + intake.rejected
      ? `${intake.lines} lines, ${read.length} numbers, ${intake.duplicates} doubles, ${intake.rejected} rejects`
      : form.judge(numbers, read, intake.lines, bytes, isCut);
  return { kind, label, bytes, wrong };
}

/** The same bytes, in pieces of any size. */
async function* inPieces(bytes: Buffer, random: Random): AsyncGenerator<Uint8Array> {
  const most = random.pick([7, 100, 4_096, 65_536]);
  for (let at = 0; at < bytes.length; ) {
    const length = random.from(1, most);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

interface Form {
  readonly name: string;
  readonly format: 'json' | undefined;
  make(numbers: readonly number[], random: Random): Promise<Damaged>;
  /** What is wrong with what was read of it. */
  judge(
    sent: readonly number[],
    read: readonly number[],
    lines: number,
    bytes: Buffer,
    isCut: boolean,
  ): string | null;
}

/** Archives prove themselves: what was sent, or a refusal. One that no longer begins as one is text, whose lines are all accounted for. */
function isWhole(
  sent: readonly number[],
  read: readonly number[],
  _lines: number,
  bytes: Buffer,
): string | null {
  if (!/^(?:1f8b|504b0304)/.test(bytes.toString('hex', 0, 4))) return null;
  const same = sent.length === read.length && sent.every((number, n) => number === read[n]);
  return same ? null : `${read.length} numbers of ${sent.length} sent, or others`;
}

/** A line that is not blank is a line, whatever it holds. */
function countsLines(bytes: Buffer, lines: number): string | null {
  const records = bytes
    .toString('latin1')
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .split(/\r\n|\r|\n/)
    .filter((line) => /[^\u0001- ]/.test(line));
  return records.length === lines ? null : `${lines} lines of ${records.length}`;
}

const forms: readonly Form[] = [
  {
    name: 'txt upload',
    format: undefined,
    make: async (numbers, random) =>
      damage(Buffer.from(numbers.map((n) => `+${n}\n`).join('')), 'text', random),
    judge(sent, read, lines, bytes, isCut) {
      // Text with a separator or a quote may be a table, where a line is not a record.
      if (!/[",;\t|]/.test(bytes.toString('latin1'))) return countsLines(bytes, lines);
      const known = new Set(sent);
      const odd = read.filter((number) => !known.has(number)).length;
      return isCut && odd > 1 ? `${odd} numbers that nobody sent` : null;
    },
  },
  {
    name: 'gzip upload',
    format: undefined,
    make: async (numbers, random) =>
      damage(gzipSync(numbers.map((n) => `+${n}\n`).join('')), 'zip', random),
    judge: isWhole,
  },
  {
    name: 'xlsx upload',
    format: undefined,
    make: async (numbers, random) =>
      damage(await makeXlsx([['phone'], ...numbers.map((n) => [`+${n}`])]), 'zip', random),
    judge: isWhole,
  },
  {
    name: 'JSON array',
    format: 'json',
    make: async (numbers, random) =>
      damage(
        Buffer.from(
          JSON.stringify(
            numbers.map((n) => `+${n}`),
            null,
            random.below(2),
          ),
        ),
        'text',
        random,
      ),
    judge(_, __, lines, bytes) {
      const value = parsed(bytes);
      if (!Array.isArray(value)) return 'read what is no JSON array';
      const blanks = value.filter((each) => typeof each === 'string' && each.trim() === '').length;
      return lines === value.length || lines === value.length - blanks
        ? null
        : `${lines} lines of ${value.length} elements`;
    },
  },
];

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(
      Buffer.from(bytes)
        .toString('utf8')
        .replace(/^\ufeff/, ''),
    );
  } catch {
    return undefined;
  }
}

/** A JSON body, damaged and cut anywhere, parted into its numbers and the rest: both are JSON only where the whole is. */
export async function splitterCase(random: Random): Promise<CaseOutcome> {
  const numbers = Array.from({ length: random.from(0, 40) }, (_, n) => `+${447_911_000_000 + n}`);
  const body = random.pick([
    { check: 'telegram', numbers, purpose: 'a "test"' },
    { numbers, check: 'tele\\gram', nested: { numbers: [1, [2]] } },
    { check: 'x', other: ['numbers', { numbers: {} }], numbers, last: null },
  ]);
  const { bytes, how } = damage(Buffer.from(JSON.stringify(body)), 'text', random);
  const splitter = new JsonSplitter(1_000_000);
  const inside: Buffer[] = [];
  for await (const piece of inPieces(bytes, random)) inside.push(splitter.feed(Buffer.from(piece)));
  const array = parsed(Buffer.concat(inside));
  const fields = splitter.fields();
  const whole = parsed(bytes);
  const label = `JSON body, ${how.join(' + ')}`;
  const isAccepted =
    splitter.numbers === 'after' && !splitter.twice && Array.isArray(array) && fields !== undefined;
  const kind = `JSON body ${isAccepted ? 'read' : 'refused'}`;
  const wrong = isAccepted ? compare(whole, array, fields) : null;
  return { kind, label, bytes, wrong };
}

function compare(whole: unknown, array: readonly unknown[], fields: unknown): string | null {
  if (typeof whole !== 'object' || whole === null) return 'parts of what is no JSON object';
  const joined = JSON.stringify({ ...(fields as object), numbers: array });
  const expected = JSON.stringify({ ...(fields as object), ...whole });
  return joined === expected ? null : 'other numbers or fields than the body has';
}
