import {
  type Archive,
  type ArchiveMember,
  displayName,
  readMemberHead,
} from '@rollcall/spreadsheets';
import { listVerdictOf } from './column-names.ts';
import { type DelimitedPlan, planDelimited } from './delimited-plan.ts';
import type { ReadContext } from './read-context.ts';
import { sniff } from './sniff.ts';
import { layOut } from './table-layout.ts';
import type { TableLayout } from './table-shape.ts';
import { Unreadable } from './unreadable.ts';

/** A text member that is to be read. */
export interface TextMember {
  readonly name: string;
  readonly entry: ArchiveMember;
  readonly byteOrderMark_bytes: number;
  readonly separator: string;
  readonly layout: TableLayout;
}

export type MemberChoice =
  | { readonly kind: 'texts'; readonly members: readonly TextMember[] }
  | { readonly kind: 'workbook'; readonly name: string; readonly entry: ArchiveMember };

const head_bytes = 65_536;

/** A member as its first bytes show it. */
type Candidate =
  | {
      readonly kind: 'workbook' | 'empty' | 'other';
      readonly name: string;
      readonly entry: ArchiveMember;
    }
  | {
      readonly kind: 'text';
      readonly name: string;
      readonly entry: ArchiveMember;
      readonly byteOrderMark_bytes: number;
      readonly plan: DelimitedPlan;
    };
type TextCandidate = Extract<Candidate, { kind: 'text' }>;

/**
 * Picks what to read by how much it is a table: texts with a verdict column, then a workbook, then two lists named for
 * their answers, then one list where the account's setting says what being listed means.
 */
export async function chooseMembers(archive: Archive, context: ReadContext): Promise<MemberChoice> {
  const candidates: Candidate[] = [];
  for (const [name, entry] of archive.members) {
    if (!name.endsWith('/') && !isSystemClutter(name)) {
      candidates.push(await look(archive, name, entry, context));
    }
  }
  const texts = candidates.filter((candidate) => candidate.kind === 'text');
  const tables = texts.filter(({ plan }) => saysVerdicts(plan));
  if (tables.length > 0) {
    const whole = tables.filter(({ name }) => /(^|\/)all\.[^/]*$/i.test(name));
    const chosen = whole.length > 0 ? whole : tables;
    return { kind: 'texts', members: chosen.map((table) => asSet(table, context)) };
  }
  const workbooks = candidates.filter((candidate) => candidate.kind === 'workbook');
  if (workbooks.length > 1) throw new Unreadable('no_table', 'more than one workbook');
  if (workbooks[0]) return { ...workbooks[0], kind: 'workbook' };
  const emptyLists = candidates.filter((candidate) => candidate.kind === 'empty');
  return { kind: 'texts', members: chooseLists(texts, emptyLists, context) };
}

async function look(
  archive: Archive,
  name: string,
  entry: ArchiveMember,
  context: ReadContext,
): Promise<Candidate> {
  const head = await readMemberHead(archive, entry, context.limits, head_bytes);
  const isWhole = head.length === entry.uncompressedSize;
  const sniffed = sniff(head, isWhole);
  if (sniffed.kind === 'zip') {
    if (looksLikeWorkbook(head)) return { kind: 'workbook', name, entry };
    const refusal = new Unreadable('nested_archive', 'an archive inside the archive');
    refusal.member = displayName(name);
    throw refusal;
  }
  if (sniffed.kind === 'refused') {
    if (sniffed.code === 'gzip' || sniffed.code === 'other_archive') {
      const refusal = new Unreadable('nested_archive', sniffed.message);
      refusal.member = displayName(name);
      throw refusal;
    }
    return { kind: sniffed.code === 'empty' ? 'empty' : 'other', name, entry };
  }
  const { byteOrderMark_bytes } = sniffed;
  try {
    const plan = planDelimited(head.subarray(byteOrderMark_bytes), isWhole, context);
    return { kind: 'text', name, entry, byteOrderMark_bytes, plan };
  } catch (error) {
    // A text that is no records (a readme) is passed over; if nothing else is found, that is said.
    if (error instanceof Unreadable) return { kind: 'other', name, entry };
    throw error;
  }
}

function saysVerdicts(plan: DelimitedPlan): boolean {
  return plan.shape !== null && (plan.shape.verdictColumn ?? plan.shape.otherService) !== null;
}

/** A table or list read by what the account says of its files. */
function asSet(candidate: TextCandidate, context: ReadContext): TextMember {
  const { name, entry, byteOrderMark_bytes, plan } = candidate;
  try {
    const layout = layOut(plan.shape, context.semantics);
    return { name, entry, byteOrderMark_bytes, separator: plan.separator, layout };
  } catch (error) {
    if (error instanceof Unreadable) error.member ??= displayName(name);
    throw error;
  }
}

function chooseLists(
  texts: readonly TextCandidate[],
  emptyMembers: readonly Candidate[],
  context: ReadContext,
): TextMember[] {
  const lists = texts.filter(({ plan }) => plan.shape !== null);
  const named = lists.flatMap((list) => {
    const verdict = listVerdictOf(list.name);
    return verdict === null ? [] : [{ list, verdict }];
  });
  // An empty list is an answer where its counterpart is there: nobody, or everybody, was found.
  const emptyVerdicts = emptyMembers.map(({ name }) => listVerdictOf(name));
  const verdictsFound = new Set([...named.map(({ verdict }) => verdict), ...emptyVerdicts]);
  if (named.length > 0 && verdictsFound.has('registered') && verdictsFound.has('not_registered')) {
    return named.map(({ list: { name, entry, byteOrderMark_bytes, plan }, verdict }) => {
      const shape = plan.shape as NonNullable<typeof plan.shape>;
      const layout: TableLayout = { shape, verdict: { kind: 'listed', verdict } };
      return { name, entry, byteOrderMark_bytes, separator: plan.separator, layout };
    });
  }
  const only = lists[0];
  if (only === undefined) {
    const isEmpty = emptyMembers.length > 0 && texts.length === 0;
    if (isEmpty) throw new Unreadable('empty', 'every list of the archive is empty');
    throw new Unreadable('no_table', 'no member holds a column of phone numbers');
  }
  if (context.semantics === 'table') {
    const message = 'a list of numbers without its counterpart, and no table';
    throw new Unreadable('one_sided', message);
  }
  if (lists.length > 1) throw new Unreadable('no_table', 'several lists whose names say nothing');
  const member = asSet(only, context);
  const saidByName = listVerdictOf(only.name);
  const { verdict } = member.layout;
  if (saidByName !== null && verdict.kind === 'listed' && verdict.verdict !== saidByName) {
    const message = `the account's files are ${context.semantics}, but the list's name says otherwise`;
    throw new Unreadable('semantics_mismatch', message);
  }
  return [member];
}

/** What archivers of desktop systems add. */
function isSystemClutter(name: string): boolean {
  return name.startsWith('__MACOSX/') || /(^|\/)(\.DS_Store|Thumbs\.db)$/.test(name);
}

/** The first member of an xlsx, by the name in its local header (APPNOTE 4.3.7: length at 26, name at 30). */
function looksLikeWorkbook(head: Buffer): boolean {
  if (head.length < 30) return false;
  const name = head.toString('latin1', 30, 30 + head.readUInt16LE(26));
  return /^(\[Content_Types\]\.xml|xl\/|_rels\/|docProps\/|customXml\/)/.test(name);
}
