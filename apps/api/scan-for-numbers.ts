import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import { NumberFinder } from '@rollcall/telemetry';

const usage = `Usage: npx --yes pnpm@12.21.0 scan-for-numbers --numbers FILE PATH…

  --numbers      a file with numbers, one a line: those that are looked for
  PATH           files to look in: logs, dumps of Redis or of the queue's tables, metrics;
                 of a folder all files, those of folders in it as well

Numbers are found however they are written: with or without their country code, with
separators, in base64 or hexadecimal; gzip is inflated. Not looked into: zip (xlsx, docx),
zstd, xz, bzip2, 7z, PDF, custom dumps of pg_dump. Such a file has "unread" in its line.

Prints a line of JSON a file: {path, bytes, hits}, of which 20 are counted in each MiB; what
was found is not repeated. Exit codes: 0 nothing was found, 1 something was, 64 usage,
66 a file cannot be read, or was not looked into.
`;
/** Those above 63 are of sysexits(3). */
const exit = { found: 1, usage: 64, noInput: 66 } as const;
const window_bytes = 1024 * 1024;
/** What begins in one window may end in the next. */
const overlap_bytes = 4_096;

/** How files begin in which numbers are compressed, so that nothing found means nothing. */
const compressed: readonly (readonly [what: string, start: Buffer])[] = [
  ['zip', Buffer.from('PK\x03\x04')],
  ['zstd', Buffer.from('28b52ffd', 'hex')],
  ['xz', Buffer.from('fd377a585a00', 'hex')],
  ['bzip2', Buffer.from('BZh')],
  ['7z', Buffer.from('377abcaf271c', 'hex')],
  ['pdf', Buffer.from('%PDF-')],
  ['pg_dump', Buffer.from('PGDMP')],
];

interface Looked {
  readonly path: string;
  /** Looked through; of gzip, inflated. */
  readonly bytes: number;
  readonly hits: number;
  /** What it is, where it was not looked into. */
  readonly unread?: string;
}

/** `pnpm scan-for-numbers`: looks in files for numbers that must not be there. */
async function main(): Promise<number> {
  const flags = readFlags();
  if (flags.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (flags.numbers === undefined || flags.paths.length === 0) {
    process.stderr.write(usage);
    return exit.usage;
  }
  const wanted = (await readFile(flags.numbers, 'utf8'))
    .split('\n')
    .map((line) => line.replaceAll(/\D/g, ''))
    .filter((digits) => digits.length >= 7 && digits.length <= 15);
  if (wanted.length === 0) {
    process.stderr.write(`${flags.numbers} has no phone number of 7 to 15 digits\n`);
    return exit.usage;
  }
  const finder = new NumberFinder(wanted);
  let found = 0;
  let unread = 0;
  for (const path of flags.paths) {
    for await (const file of filesIn(path)) {
      const looked = await look(file, finder);
      found += looked.hits;
      unread += looked.unread === undefined ? 0 : 1;
      process.stdout.write(`${JSON.stringify(looked)}\n`);
    }
  }
  if (unread > 0) {
    process.stderr.write(`${unread} files were not looked into: unpack them, and scan again\n`);
  }
  if (found > 0) return exit.found;
  return unread > 0 ? exit.noInput : 0;
}

/** The path itself, or all files below it. Links in a folder are left out: they may lead in a circle. */
async function* filesIn(path: string): AsyncGenerator<string> {
  if (!(await stat(path)).isDirectory()) {
    yield path;
    return;
  }
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    if (entry.isDirectory()) yield* filesIn(join(path, entry.name));
    else if (entry.isFile()) yield join(path, entry.name);
  }
}

/** A window at a time: a log may be larger than memory. */
async function look(path: string, finder: NumberFinder): Promise<Looked> {
  const start = await startOf(path);
  const unread = compressed.find(([, magic]) => start.subarray(0, magic.length).equals(magic))?.[0];
  if (unread !== undefined) return { path, bytes: 0, hits: 0, unread };
  let held = Buffer.alloc(0);
  let bytes = 0;
  let hits = 0;
  const lookIn = (window: Buffer, end: number) => {
    hits += finder.find(window).filter(({ offset }) => offset < end).length;
  };
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  for await (const piece of isGzip
    ? inflated(path)
    : createReadStream(path, { highWaterMark: window_bytes })) {
    bytes += (piece as Buffer).length;
    held = Buffer.concat([held, piece as Buffer]);
    while (held.length >= window_bytes + overlap_bytes) {
      lookIn(held.subarray(0, window_bytes + overlap_bytes), window_bytes);
      held = held.subarray(window_bytes);
    }
  }
  lookIn(held, held.length);
  return { path, bytes, hits };
}

function inflated(path: string) {
  const gunzip = createGunzip({ chunkSize: window_bytes });
  // An error of either ends the other, and is thrown to whoever reads.
  pipeline(createReadStream(path), gunzip, () => undefined);
  return gunzip;
}

async function startOf(path: string): Promise<Buffer> {
  await using file = await open(path);
  const start = Buffer.alloc(8);
  const { bytesRead } = await file.read(start, 0, start.length, 0);
  return start.subarray(0, bytesRead);
}

function readFlags(): {
  readonly help: boolean;
  readonly numbers?: string | undefined;
  readonly paths: readonly string[];
} {
  try {
    const { values, positionals } = parseArgs({
      options: { numbers: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    return { help: values.help === true, numbers: values.numbers, paths: positionals };
  } catch {
    return { help: false, paths: [] };
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`Not scanned: ${(error as Error).message}\n`);
  process.exitCode = exit.noInput;
}
