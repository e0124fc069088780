import {
  type Archive,
  displayName,
  isWorkbook,
  openArchive,
  readMember,
} from '@rollcall/spreadsheets';
import { chooseMembers, type TextMember } from './choose-members.ts';
import type { PartsRead } from './parts-read.ts';
import type { ReadContext } from './read-context.ts';
import { readDelimited } from './read-delimited.ts';
import { readWorkbook } from './read-workbook.ts';
import type { ResultBatch } from './result-batch.ts';
import type { ReadPart } from './result-outcome.ts';
import { skipBytes } from './skip-bytes.ts';
import { spillMember } from './spill-member.ts';
import { inMember } from './unreadable.ts';

/** Reads an archive: a workbook, or the members that are most of a table. */
export async function* readZip(
  archive: Archive,
  context: ReadContext,
): AsyncGenerator<ResultBatch, PartsRead> {
  if (isWorkbook(archive)) return { ...(yield* readWorkbook(archive, context)), format: 'xlsx' };
  const choice = await chooseMembers(archive, context);
  if (choice.kind === 'texts') return yield* readTexts(archive, choice.members, context);
  const read = yield* inMember(choice.name, readInnerWorkbook(archive, choice.name, context));
  const ignored = [...read.ignored, ...others(archive, [choice.name])];
  return { ...read, format: 'zip:xlsx', ignored };
}

async function* readTexts(
  archive: Archive,
  members: readonly TextMember[],
  context: ReadContext,
): AsyncGenerator<ResultBatch, PartsRead> {
  const parts: ReadPart[] = [];
  const columns = new Set<string>();
  for (const { name, entry, byteOrderMark_bytes, separator, layout } of members) {
    const pieces = readMember(archive, entry, context.limits, (bytes) => context.spend(bytes));
    const text = skipBytes(pieces, byteOrderMark_bytes);
    const { rows } = yield* inMember(name, readDelimited(text, separator, layout, context, true));
    const listed = layout.verdict.kind === 'listed' ? layout.verdict.verdict : null;
    parts.push({ name: displayName(name), listed, rows });
    for (const column of layout.shape.names) columns.add(column);
  }
  const names = members.map(({ name }) => name);
  const isTable = members.some(({ layout }) => layout.shape.width > 1);
  return {
    format: isTable ? 'zip:csv' : 'zip:txt',
    parts,
    columns: [...columns],
    ignored: others(archive, names),
    lastRecordTerminated: true,
  };
}

/** A workbook inside an archive needs random access of its own: it is inflated to an unlinked file first. */
async function* readInnerWorkbook(
  archive: Archive,
  name: string,
  context: ReadContext,
): AsyncGenerator<ResultBatch, Omit<PartsRead, 'format'>> {
  const file = await spillMember(archive, name, context);
  try {
    return yield* readWorkbook(await openArchive(file, context.limits), context);
  } finally {
    await file.close();
  }
}

function others(archive: Archive, read: readonly string[]): string[] {
  const left = [...archive.members.keys()].filter((name) => !read.includes(name));
  return left.filter((name) => !name.endsWith('/')).map(displayName);
}
