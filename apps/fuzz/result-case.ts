import { ftruncateSync, writeSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import {
  decideParsed,
  type ParsedDecision,
  Reconciliation,
  type ResultSemantics,
  type Verdict,
  verdicts,
} from '@rollcall/domain';
import { decodeBatch, encodeBatch, type ResultBatch, readResult } from '@rollcall/results';
import { makeZip, rowsXml, sharedStringsXml, sheetXml, workbookMembers } from '@rollcall/testing';
import { type Damaged, damage } from './damage.ts';
import {
  type DamagedTable,
  type Judged,
  judge,
  listedVerdict,
  type Truth,
  words,
} from './judge-result.ts';
import type { Random } from './random.ts';

/** A result file whose answers are known, damaged, and what came of reading it. A text is what is wrong; null is well. */
export async function resultCase(random: Random, fd: number): Promise<CaseOutcome> {
  const truth = drawTruth(random);
  const form = random.pick(forms);
  const made = await form.make(truth, random);
  const { bytes, how, isCut } = made.damaged;
  ftruncateSync(fd, 0);
  writeSync(fd, bytes, 0, bytes.length, 0);
  const read = await readWhole(fd, truth, form.semantics);
  const kind = `${form.name} ${read.decision.kind}`;
  const label = `${form.name}, ${how.join(' + ')}`;
  if (read.wrong !== null) return { kind, label, bytes, wrong: read.wrong };
  if (read.decision.kind === 'hold') return { kind, label, bytes, wrong: null };
  // An archive that no longer begins as one is text, and proves nothing.
  const sent = made.hasNotes === true ? truth : { ...truth, notes: null };
  const isProof = made.table === null && bytes.toString('latin1', 0, 2) === 'PK';
  const proof = isProof ? 'whole' : isCut || made.table === null ? 'prefix' : 'said';
  return { kind, label, bytes, wrong: judge(sent, read, form.semantics, proof, made.table) };
}

export interface CaseOutcome {
  readonly kind: string;
  readonly label: string;
  readonly bytes: Uint8Array;
  readonly wrong: string | null;
}

function drawTruth(random: Random): Truth {
  const count = random.chance(200) ? random.from(5_000, 20_000) : random.from(1, 120);
  const third = random.pick<Verdict>(['registered', 'banned', 'undetermined']);
  let last = 447_911_000_000 + random.below(1_000) * 100_000;
  return {
    numbers: Array.from({ length: count }, () => (last += random.from(1, 9))),
    verdicts: Array.from({ length: count }, () =>
      random.pick<Verdict>(['registered', 'not_registered', 'not_registered', third]),
    ),
    notes: random.chance(3)
      ? Array.from({ length: count }, () =>
          random.pick(['', 'Ann', 'Bob', 'Zoë ☎', 'x'.repeat(80)]),
        )
      : null,
  };
}

const asWords: Readonly<Record<string, Verdict>> = { 'no data': 'undetermined' };

function cellsOf({ numbers, verdicts: answers }: Truth): (readonly [string, string])[] {
  return numbers.map((number, n) => [String(number), words[answers[n] ?? 'registered'] ?? '']);
}

/** With the further column, where there is one, and its header. */
function linesOf(truth: Truth, separator: string, quote = ''): string[] {
  const { notes } = truth;
  const header = ['number', 'telegram', ...(notes === null ? [] : ['note'])];
  const rows = cellsOf(truth).map(([number, word], n) => [
    `${quote}${number}${quote}`,
    word,
    ...(notes === null ? [] : [notes[n] ?? '']),
  ]);
  return [header, ...rows].map((cells) => cells.join(separator));
}

interface Form {
  readonly name: string;
  readonly semantics: ResultSemantics;
  make(
    truth: Truth,
    random: Random,
  ): Promise<{
    readonly damaged: Damaged;
    readonly table: DamagedTable | null;
    readonly hasNotes?: boolean;
  }>;
}

const bareTables: readonly Form[] = [',', ';', '\t'].map((separator) => ({
  name: `csv${separator === '\t' ? ' with tabs' : ` with ${separator}`}`,
  semantics: 'table',
  async make(truth, random) {
    const ends = random.pick(['\n', '\r\n']);
    const mark = random.chance(8) ? '\ufeff' : '';
    const quote = random.chance(3) ? '"' : '';
    const text =
      mark + linesOf(truth, separator, quote).join(ends) + (random.chance(4) ? '' : ends);
    const damaged = damage(Buffer.from(text), 'text', random);
    return { damaged, table: { text: damaged.bytes.toString('utf8'), separator } };
  },
}));

/** Whose rows, damaged, are packed whole: sizes and CRC prove that this is what was sent. */
const packedTable: Form = {
  name: 'zip of a damaged csv',
  semantics: 'table',
  async make(truth, random) {
    const text = `${linesOf(truth, ',').join('\n')}\n`;
    const inner = damage(Buffer.from(text), 'text', random);
    const bytes = await makeZip({ 'all.csv': inner.bytes }, { stored: random.chance(2) });
    // Cut before it was packed: the archive proves that it was sent so.
    const damaged = { ...inner, bytes, isCut: false };
    return { damaged, table: { text: inner.bytes.toString('utf8'), separator: ',' } };
  },
};

const lists: readonly Form[] = (['positives_only', 'negatives_only'] as const).map((semantics) => ({
  name: `list of ${semantics === 'positives_only' ? 'positives' : 'negatives'}`,
  semantics,
  async make(truth, random) {
    const damaged = damage(Buffer.from(listOf(truth, listedVerdict(semantics))), 'text', random);
    return { damaged, table: { text: damaged.bytes.toString('utf8'), separator: ',' } };
  },
}));

const zips: readonly Form[] = [false, true].map((stored) => ({
  name: stored ? 'zip, stored' : 'zip',
  semantics: 'table',
  async make(truth, random) {
    const knowsTwo = truth.verdicts.every((verdict) => verdict.endsWith('registered'));
    const hasLists = knowsTwo && random.chance(2);
    const members: Readonly<Record<string, string>> = hasLists
      ? {
          'activated.txt': listOf(truth, 'registered'),
          'unregistered.txt': listOf(truth, 'not_registered'),
          'readme.txt': 'Thank you.',
        }
      : { 'all.csv': `${linesOf(truth, ',').join('\n')}\n`, 'readme.txt': 'Thank you.' };
    const zip = await makeZip(members, { stored });
    return { damaged: damage(zip, 'zip', random), table: null, hasNotes: !hasLists };
  },
}));

function listOf({ numbers, verdicts: answers }: Truth, wanted: Verdict): string {
  return numbers.map((number, n) => (answers[n] === wanted ? `${number}\n` : '')).join('');
}

function workbook(truth: Truth, random: Random): Record<string, string> {
  const rows = cellsOf(truth);
  if (random.chance(2)) {
    const cells = rows.map(([n, word]) => [random.chance(2) ? Number(n) : n, word] as const);
    return workbookMembers({ Sheet1: sheetXml(rowsXml([['number', 'telegram'], ...cells])) });
  }
  const strings = ['number', 'telegram', 'yes', 'no', 'ban', 'no data'];
  const shared = (place: string, text: string) =>
    `<c r="${place}" t="s"><v>${strings.indexOf(text)}</v></c>`;
  const xml = rows.map(
    ([n, word], at) =>
      `<row r="${at + 2}"><c r="A${at + 2}"><v>${n}</v></c>${shared(`B${at + 2}`, word)}</row>`,
  );
  const header = `<row r="1">${shared('A1', 'number')}${shared('B1', 'telegram')}</row>`;
  return workbookMembers(
    { Sheet1: sheetXml(header + xml.join('')) },
    {
      'xl/sharedStrings.xml': sharedStringsXml(strings.map((s) => `<si><t>${s}</t></si>`).join('')),
    },
  );
}

const xlsx: Form = {
  name: 'xlsx',
  semantics: 'table',
  async make(truth, random) {
    const plain = await makeZip(workbook(truth, random), { stored: random.chance(3) });
    const zip = random.chance(4) ? await makeZip({ 'result.xlsx': plain }) : plain;
    return { damaged: damage(zip, 'zip', random), table: null };
  },
};

const sheetPart = 'xl/worksheets/sheet1.xml';

/** Its parts, damaged, are packed whole. What its sheet then says is read a second time, where a row is plain. */
const packedXml: Form = {
  name: 'xlsx of damaged XML',
  semantics: 'table',
  async make(truth, random) {
    const members = workbook(truth, random);
    const part = random.chance(3) ? random.pick(Object.keys(members)) : sheetPart;
    const inner = damage(Buffer.from(members[part] ?? ''), 'xml', random);
    const bytes = await makeZip({ ...members, [part]: inner.bytes });
    const now = (name: string) => (name === part ? inner.bytes.toString('latin1') : members[name]);
    const sheet = now(sheetPart) ?? '';
    const strings = now('xl/sharedStrings.xml') ?? null;
    return { damaged: { ...inner, bytes }, table: { sheet, strings, isSheet: part === sheetPart } };
  },
};

const forms: readonly Form[] = [...bareTables, ...lists, packedTable, ...zips, xlsx, packedXml];

interface Read extends Judged {
  readonly decision: ParsedDecision;
  /** What is wrong with a batch, whatever becomes of the file. */
  readonly wrong: string | null;
}

async function readWhole(fd: number, truth: Truth, semantics: ResultSemantics): Promise<Read> {
  const listed = truth.verdicts.filter((verdict) => verdict === listedVerdict(semantics)).length;
  let wrong: string | null = null;
  const reconciliation = new Reconciliation(Float64Array.from(truth.numbers));
  const asked = { check: 'telegram', taskType: 'tg', verdictColumns: [], verdictWords: asWords };
  const reading = readResult({ fd }, { semantics, ...asked });
  for (;;) {
    const step = await reading.next();
    if (step.done === true) {
      const outcome = step.value;
      const isRead = outcome.kind === 'read';
      const decision = decideParsed({
        read: isRead ? { kind: 'read' } : { kind: 'unreadable', code: outcome.code },
        unreadableRows: isRead ? outcome.unreadableRows : 0,
        endsOpen: isRead && !outcome.lastRecordTerminated,
        counts: reconciliation.counts(),
        semantics,
        semanticsConfirmed: true,
        numbers: truth.numbers.length,
        missingBefore: 0,
        total: truth.numbers.length,
        filtered: semantics === 'table' ? null : listed,
      });
      const answers = truth.numbers.map((_, n) => reconciliation.outcomeAt(n, semantics));
      const attributes = truth.numbers.map((_, n) => reconciliation.attributesAt(n));
      return { decision, answers, attributes, wrong };
    }
    // As it comes out of the process that reads.
    const batch = decodeBatch(encodeBatch(step.value));
    if (!isDeepStrictEqual(batch, asSent(step.value))) wrong = 'a batch is not as it was sent';
    const { count, numbers, verdicts: codes, attributes } = batch;
    for (let n = 0; n < count; n += 1) {
      const number = numbers[n] ?? Number.NaN;
      if (!Number.isNaN(number))
        reconciliation.add(
          number,
          verdicts[codes[n] ?? 0] ?? 'undetermined',
          attributes?.[n] ?? null,
        );
    }
  }
}

/** Arrays may be longer than a batch's rows. */
function asSent({
  count,
  numbers,
  verdicts: codes,
  attributes,
  unreadable,
}: ResultBatch): ResultBatch {
  return {
    count,
    numbers: numbers.slice(0, count),
    verdicts: codes.slice(0, count),
    attributes: attributes === null ? null : attributes.slice(0, count),
    unreadable,
  };
}
