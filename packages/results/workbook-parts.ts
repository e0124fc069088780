import { posix } from 'node:path';
import type { ReadContext } from './read-context.ts';
import { SharedStrings, SharedStringsConsumer } from './shared-strings.ts';
import { Unreadable } from './unreadable.ts';
import { attributeValue } from './xml-text.ts';
import { localNameIs, type XmlConsumer, XmlTokenizer } from './xml-tokenizer.ts';
import type { Archive } from './zip-archive.ts';
import { readMember } from './zip-member.ts';

/** A sheet as the workbook lists it. */
export interface SheetPart {
  /** The tab's title, unchecked. */
  readonly title: string;
  /** The member that holds it. */
  readonly member: string;
}

export interface WorkbookParts {
  /** In the order of the tabs; worksheets only. */
  readonly sheets: readonly SheetPart[];
  readonly sharedStrings: string | null;
}

/** A workbook with more tabs than this is no result. */
const maxSheets = 64;

/**
 * Finds the parts of a workbook by its own relations (ECMA-376 part 2 §9.3, part 1 §12.3): member names are free, and
 * `sheet1.xml` need not be the first tab.
 */
export async function findWorkbookParts(
  archive: Archive,
  context: ReadContext,
): Promise<WorkbookParts> {
  const workbook = await findWorkbook(archive, context);
  const folder = posix.dirname(workbook);
  const relationsMember = `${folder}/_rels/${posix.basename(workbook)}.rels`;
  const relations = new Map<string, { readonly type: string; readonly member: string }>();
  let sharedStrings: string | null = null;
  for (const tag of await tagsOf(archive, relationsMember, 'Relationship', context)) {
    const type = attributeValue(tag, 'Type') ?? '';
    const target = attributeValue(tag, 'Target') ?? '';
    const member = target.startsWith('/') ? target.slice(1) : posix.join(folder, target);
    relations.set(attributeValue(tag, 'Id') ?? '', { type, member });
    if (type.endsWith('/sharedStrings')) sharedStrings = member;
  }
  const sheets: SheetPart[] = [];
  for (const tag of await tagsOf(archive, workbook, 'sheet', context)) {
    const relation = relations.get(attributeValue(tag, 'id') ?? '');
    const title = attributeValue(tag, 'name') ?? '';
    if (relation?.type.endsWith('/worksheet')) sheets.push({ title, member: relation.member });
  }
  if (sheets.length === 0) throw new Unreadable('no_sheet', 'a workbook without a worksheet');
  return { sheets, sharedStrings };
}

async function findWorkbook(archive: Archive, context: ReadContext): Promise<string> {
  for (const tag of await tagsOf(archive, '_rels/.rels', 'Relationship', context)) {
    if (attributeValue(tag, 'Type')?.endsWith('/officeDocument')) {
      const target = attributeValue(tag, 'Target') ?? '';
      return target.startsWith('/') ? target.slice(1) : target;
    }
  }
  return 'xl/workbook.xml';
}

/** The opening tags of one name in a small member; none when the member is not there. */
async function tagsOf(
  archive: Archive,
  member: string,
  name: string,
  context: ReadContext,
): Promise<string[]> {
  const tags: string[] = [];
  const entry = archive.members.get(member);
  if (entry === undefined) return tags;
  const consumer: XmlConsumer = {
    open(bytes, nameStart, nameEnd, tagEnd) {
      if (!localNameIs(bytes, nameStart, nameEnd, name)) return;
      if (tags.length === maxSheets * 2) {
        throw new Unreadable('too_large', 'a workbook of too many parts');
      }
      tags.push(bytes.toString('utf8', nameEnd, tagEnd));
    },
    close() {},
    text() {},
  };
  const tokenizer = new XmlTokenizer(consumer);
  const spend = (bytes: number) => context.spend(bytes);
  for await (const piece of readMember(archive, entry, context.limits, spend)) {
    tokenizer.push(piece);
  }
  tokenizer.end();
  return tags;
}

/** Reads the shared strings; a workbook may do without. */
export async function readSharedStrings(
  archive: Archive,
  member: string | null,
  context: ReadContext,
): Promise<SharedStrings> {
  if (member === null) return new SharedStrings(context.limits);
  const entry = archive.members.get(member);
  if (entry === undefined) throw new Unreadable('corrupt', 'its shared strings are not there');
  const consumer = new SharedStringsConsumer(context.limits);
  const tokenizer = new XmlTokenizer(consumer);
  const spend = (bytes: number) => context.spend(bytes);
  for await (const piece of readMember(archive, entry, context.limits, spend)) {
    tokenizer.push(piece);
  }
  tokenizer.end();
  if (!consumer.isClosed) throw new Unreadable('malformed', 'no table of shared strings');
  return consumer.strings;
}
