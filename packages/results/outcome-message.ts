import { verdicts } from '@rollcall/domain';
import { displayName } from '@rollcall/spreadsheets';
import type { BatchBounds } from './batch-bounds.ts';
import { columnName, displayMessage } from './display-text.ts';
import {
  type ReadPart,
  type ResultOutcome,
  resultFormats,
  unreadableCodes,
} from './result-outcome.ts';

/**
 * What the process that read a file says of it, checked and cut: the words that decide are held to their lists, the counts to the rows that
 * came, and the texts to what may be stored and shown.
 * @param came the rows that came before it
 * @throws where it is no outcome of these rows
 */
export function decodeOutcome(bytes: Buffer, came: BatchBounds): ResultOutcome {
  const said: unknown = JSON.parse(bytes.toString());
  if (!isRecord(said)) return refuse();
  return said['kind'] === 'unreadable' ? unreadable(said, came) : read(said, came);
}

function unreadable(said: Said, { limits }: BatchBounds): ResultOutcome {
  const { message, member, row } = said;
  const code = unreadableCodes.find((each) => each === said['code']);
  if (code === undefined || typeof message !== 'string') return refuse();
  if (member !== null && typeof member !== 'string') return refuse();
  if (row !== null && !isCount(row)) return refuse();
  const ours = [...Object.values(limits), row].map(String);
  return {
    kind: 'unreadable',
    code,
    message: displayMessage(message, ours),
    member: member === null ? null : displayName(member),
    row,
  };
}

function read(said: Said, came: BatchBounds): ResultOutcome {
  const { rows, unreadableRows, zeroedRows, undeterminedRows, lastRecordTerminated } = said;
  const format = resultFormats.find((each) => each === said['format']);
  if (said['kind'] !== 'read' || format === undefined) return refuse();
  if (rows !== came.rows || unreadableRows !== came.unreadableRows) return refuse();
  if (!isCount(undeterminedRows) || undeterminedRows > rows) return refuse();
  if (zeroedRows !== undefined && !(isCount(zeroedRows) && zeroedRows <= unreadableRows))
    return refuse();
  if (typeof lastRecordTerminated !== 'boolean') return refuse();
  return {
    kind: 'read',
    rows,
    unreadableRows,
    ...(zeroedRows !== undefined && { zeroedRows }),
    undeterminedRows,
    format,
    parts: listOf(said['parts'], came).map(partOf),
    columns: listOf(said['columns'], came).map((name) => columnName(textOf(name))),
    ignored: listOf(said['ignored'], came).map((name) => displayName(textOf(name))),
    lastRecordTerminated,
  };
}

function partOf(part: unknown): ReadPart {
  if (!isRecord(part) || !isCount(part['rows'])) return refuse();
  const listed = verdicts.find((verdict) => verdict === part['listed']) ?? null;
  if (listed !== part['listed']) return refuse();
  const name = part['name'] === null ? null : displayName(textOf(part['name']));
  return { name, listed, rows: part['rows'] };
}

/** There are as many columns, members and sheets at most. */
function listOf(list: unknown, { limits }: BatchBounds): readonly unknown[] {
  if (!Array.isArray(list) || list.length > limits.maxColumns * limits.maxEntries) return refuse();
  return list;
}

function textOf(text: unknown): string {
  return typeof text === 'string' ? text : refuse();
}

type Said = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Said {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function refuse(): never {
  throw new Error('a reader of results said what is no outcome');
}
