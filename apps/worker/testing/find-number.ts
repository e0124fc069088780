import { tmpdir } from 'node:os';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Database, postgresBlobs } from '@rollcall/db';
import {
  defaultWorkbookLimits,
  openArchive,
  openFileBytes,
  openNamelessFile,
  readMember,
} from '@rollcall/spreadsheets';

/** Every value of every table of the schema as text, files unpacked; those that have the number in them, by table and column. */
export async function findNumber(db: Database, number: number): Promise<readonly string[]> {
  const digits = String(number);
  const loose = new RegExp(
    `(?<!\\d)(?:00)?${digits.split('').join('[^0-9a-z\\n]{0,3}')}(?!\\d)`,
    'i',
  );
  // Bytes show as hex there: as text they are looked at below and in this form.
  const inHex = Buffer.from(digits).toString('hex');
  const found = await findInRows(db, (row) => loose.test(row) || row.includes(inHex));
  const blobs = await db.query<{ id: string; job_day: string; encoding: string }>(
    'SELECT id, job_day, encoding FROM store.blobs',
  );
  for (const { id, job_day, encoding } of blobs.rows) {
    const pieces: Uint8Array[] = [];
    for await (const piece of postgresBlobs(db).read(id, job_day)) pieces.push(piece);
    const packed = Buffer.concat(pieces);
    const bytes =
      encoding === 'zstd'
        ? zstdDecompressSync(packed)
        : encoding === 'gzip'
          ? gunzipSync(packed)
          : packed;
    if (await holds(bytes, loose)) found.push(`${id} (${encoding})`);
  }
  return found;
}

/** Whether a text, or a text in an archive or in one within, has it. */
async function holds(bytes: Buffer, loose: RegExp): Promise<boolean> {
  if (!bytes.subarray(0, 4).equals(Buffer.from('PK\x03\x04'))) {
    return loose.test(bytes.toString('latin1'));
  }
  const file = await openNamelessFile(tmpdir());
  try {
    await file.appendFile(bytes);
    const archive = await openArchive(await openFileBytes({ fd: file.fd }), defaultWorkbookLimits);
    for (const member of archive.members.values()) {
      const pieces: Uint8Array[] = [];
      for await (const piece of readMember(archive, member, defaultWorkbookLimits, () => undefined))
        pieces.push(piece);
      if (await holds(Buffer.concat(pieces), loose)) return true;
    }
    return false;
  } finally {
    await file.close();
  }
}

/** Tables of the schema of which a row, as text, is what is looked for. */
export async function findInRows(
  db: Database,
  isFound: (row: string) => boolean,
): Promise<string[]> {
  const tables = await db.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'store'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  );
  const found: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await db.query<{ text: string }>(
      `SELECT t::text AS text FROM store.${name} t`,
    );
    if (rows.some(({ text }) => isFound(text))) found.push(name);
  }
  return found;
}
