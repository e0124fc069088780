import { posix } from 'node:path';
import { CellStyles } from './cell-styles.ts';
import { SharedStrings, SharedStringsConsumer } from './shared-strings.ts';
import { UnreadableWorkbook } from './unreadable-workbook.ts';
import type { WorkbookReading } from './workbook-limits.ts';
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
  readonly isHidden: boolean;
}

export interface WorkbookParts {
  /** In the order of the tabs; worksheets only. */
  readonly sheets: readonly SheetPart[];
  readonly sharedStrings: string | null;
  readonly styles: string | null;
  /** Its days are counted from 1904 instead of 1900. */
  readonly isDate1904: boolean;
}

/** A workbook with more tabs than this is no result. */
const maxSheets = 64;

/**
 * Finds the parts of a workbook by its own relations (ECMA-376 part 2 §9.3, part 1 §12.3): member names are free, and
 * `sheet1.xml` need not be the first tab.
 */
export async function findWorkbookParts(
  archive: Archive,
  reading: WorkbookReading,
): Promise<WorkbookParts> {
  const workbook = await findWorkbook(archive, reading);
  const folder = posix.dirname(workbook);
  const relationsMember = `${folder}/_rels/${posix.basename(workbook)}.rels`;
  const relations = new Map<string, { readonly type: string; readonly member: string }>();
  let sharedStrings: string | null = null;
  let styles: string | null = null;
  for (const tag of await tagsOf(archive, relationsMember, 'Relationship', reading)) {
    const type = attributeValue(tag, 'Type') ?? '';
    const target = attributeValue(tag, 'Target') ?? '';
    const member = target.startsWith('/') ? target.slice(1) : posix.join(folder, target);
    relations.set(attributeValue(tag, 'Id') ?? '', { type, member });
    if (type.endsWith('/sharedStrings')) sharedStrings = member;
    if (type.endsWith('/styles')) styles = member;
  }
  const sheets: SheetPart[] = [];
  for (const tag of await tagsOf(archive, workbook, 'sheet', reading)) {
    const relation = relations.get(attributeValue(tag, 'id') ?? '');
    const title = attributeValue(tag, 'name') ?? '';
    // `hidden`, or `veryHidden`, which only a program can show again.
    const isHidden = /hidden$/i.test(attributeValue(tag, 'state') ?? '');
    if (relation?.type.endsWith('/worksheet')) {
      sheets.push({ title, member: relation.member, isHidden });
    }
  }
  if (sheets.length === 0)
    throw new UnreadableWorkbook('no_sheet', 'a workbook without a worksheet');
  const [properties = ''] = await tagsOf(archive, workbook, 'workbookPr', reading);
  const isDate1904 = /^(?:1|true)$/.test(attributeValue(properties, 'date1904') ?? '');
  return { sheets, sharedStrings, styles, isDate1904 };
}

async function findWorkbook(archive: Archive, reading: WorkbookReading): Promise<string> {
  for (const tag of await tagsOf(archive, '_rels/.rels', 'Relationship', reading)) {
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
  reading: WorkbookReading,
): Promise<string[]> {
  const tags: string[] = [];
  const entry = archive.members.get(member);
  if (entry === undefined) return tags;
  const consumer: XmlConsumer = {
    open(bytes, nameStart, nameEnd, tagEnd) {
      if (!localNameIs(bytes, nameStart, nameEnd, name)) return;
      if (tags.length === maxSheets * 2) {
        throw new UnreadableWorkbook('too_large', 'a workbook of too many parts');
      }
      tags.push(bytes.toString('utf8', nameEnd, tagEnd));
    },
    close() {},
    text() {},
  };
  const tokenizer = new XmlTokenizer(consumer);
  const spend = (bytes: number) => reading.spend(bytes);
  for await (const piece of readMember(archive, entry, reading.limits, spend)) {
    tokenizer.push(piece);
  }
  tokenizer.end();
  return tags;
}

/** Reads the shared strings; a workbook may do without. */
export async function readSharedStrings(
  archive: Archive,
  member: string | null,
  reading: WorkbookReading,
): Promise<SharedStrings> {
  if (member === null) return new SharedStrings(reading.limits);
  const consumer = new SharedStringsConsumer(reading.limits);
  await readPart(archive, member, 'its shared strings are not there', consumer, reading);
  if (!consumer.isClosed) throw new UnreadableWorkbook('malformed', 'no table of shared strings');
  return consumer.strings;
}

/** Reads the cells' styles; a workbook may do without. */
export async function readStyles(
  archive: Archive,
  member: string | null,
  reading: WorkbookReading,
): Promise<CellStyles> {
  const styles = new CellStyles();
  if (member !== null) await readPart(archive, member, 'its styles are not there', styles, reading);
  return styles;
}

async function readPart(
  archive: Archive,
  member: string,
  absent: string,
  consumer: XmlConsumer,
  reading: WorkbookReading,
): Promise<void> {
  const entry = archive.members.get(member);
  if (entry === undefined) throw new UnreadableWorkbook('corrupt', absent);
  const tokenizer = new XmlTokenizer(consumer);
  const spend = (bytes: number) => reading.spend(bytes);
  for await (const piece of readMember(archive, entry, reading.limits, spend)) {
    tokenizer.push(piece);
  }
  tokenizer.end();
}
