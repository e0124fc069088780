import { tmpdir } from 'node:os';
import { constants, gunzipSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { type Database, postgresBlobs } from '@rollcall/db';
import {
  defaultWorkbookLimits,
  openArchive,
  openFileBytes,
  openNamelessFile,
  readMember,
  UnreadableWorkbook,
} from '@rollcall/spreadsheets';

/** Where these numbers stand: tables of the product's schema whose rows have one as text or bytes, and files that have one, unpacked. */
export async function findNumbers(
  db: Database,
  numbers: readonly number[],
): Promise<readonly string[]> {
  if (numbers.length === 0) return [];
  const anyOf = (texts: readonly string[]) => new RegExp(texts.join('|'), 'i');
  const asText = anyOf(numbers.map((number) => `(?<!\\d)${number}(?!\\d)`));
  const asBytes = anyOf(numbers.map((number) => Buffer.from(`${number}`).toString('hex')));
  const found: string[] = [];
  const tables = await db.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'store'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  );
  for (const { name } of tables.rows) {
    const { rows } = await db.query<{ text: string }>(
      `SELECT t::text AS text FROM store.${name} t`,
    );
    if (rows.some(({ text }) => asText.test(text) || asBytes.test(text))) found.push(name);
  }
  const files = await db.query<{ id: string; job_day: string; encoding: string }>(
    'SELECT id, job_day, encoding FROM store.blobs',
  );
  for (const { id, job_day, encoding } of files.rows) {
    const pieces: Uint8Array[] = [];
    for await (const piece of postgresBlobs(db).read(id, job_day)) pieces.push(piece);
    if (await holds(unpacked(Buffer.concat(pieces), encoding), asText)) found.push(id);
  }
  return found;
}

function unpacked(bytes: Buffer, encoding: string): Buffer {
  if (encoding === 'zstd') return zstdDecompressSync(bytes);
  return encoding === 'gzip' ? gunzipSync(bytes) : bytes;
}

const memberStart = Buffer.from('PK\x03\x04');

/** Whether a text, or a text in an archive or in one within, has it. */
async function holds(bytes: Buffer, wanted: RegExp): Promise<boolean> {
  if (!bytes.subarray(0, 4).equals(memberStart)) return wanted.test(bytes.toString('latin1'));
  try {
    return await holdsWithin(bytes, wanted);
  } catch (error) {
    if (!(error instanceof UnreadableWorkbook)) throw error;
    // The simulator cut it. It is kept where its chunk did not have the number, and what is left of it is looked at.
    return remains(bytes).some((text) => wanted.test(text));
  }
}

/** What can be inflated of each member of an archive without an end. */
function remains(bytes: Buffer): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at !== -1; at = bytes.indexOf(memberStart, at + 1)) {
    const header = bytes.subarray(at, at + 30);
    if (header.length < 30) break;
    const data = bytes.subarray(at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28));
    const isStored = header.readUInt16LE(8) === 0;
    const text = isStored ? data : inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH });
    texts.push(text.toString('latin1'));
  }
  return texts;
}

async function holdsWithin(bytes: Buffer, wanted: RegExp): Promise<boolean> {
  const file = await openNamelessFile(tmpdir());
  try {
    await file.appendFile(bytes);
    const archive = await openArchive(await openFileBytes({ fd: file.fd }), defaultWorkbookLimits);
    for (const member of archive.members.values()) {
      const pieces: Uint8Array[] = [];
      for await (const piece of readMember(archive, member, defaultWorkbookLimits, () => undefined))
        pieces.push(piece);
      if (await holds(Buffer.concat(pieces), wanted)) return true;
    }
    return false;
  } finally {
    await file.close();
  }
}
