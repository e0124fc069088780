import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import {
  defaultWorkbookLimits,
  openArchive,
  openFileBytes,
  openNamelessFile,
  readMember,
  readPieces,
  UnreadableWorkbook,
  type NewMember,
  writeZip,
} from '@rollcall/spreadsheets';
import { type BlankerOptions, NumberBlanker } from './number-blanker.ts';

export type BlankedFile =
  /** None of the numbers is in it. */
  | { readonly kind: 'clean' }
  /** The new file, for the caller to close; `isArchive`: it is a zip. */
  | {
      readonly kind: 'blanked';
      readonly file: FileHandle;
      readonly isArchive: boolean;
      readonly found: number;
    }
  /** It cannot be looked into: an archive that is damaged or nested too deep, or what seems to be no text, and has none of the numbers as a text would. */
  | { readonly kind: 'unreadable' };

export interface BlankFileOptions extends BlankerOptions {
  readonly temporaryDirectory: string;
}

/** An archive in an archive is looked into, one in that is not: no provider sends it. */
const depthMax = 2;
/** Between two turns of the event loop: a digit of a hostile text asks for 14 digests, which for this many bytes takes 50 ms. */
const step_bytes = 4_096;
/** All members of an archive together, inflated. */
const inflated_bytesMax = 4_294_967_296;
const limits = { ...defaultWorkbookLimits, maxInflationRatio: 10_000 };

/**
 * Writes a file anew without some numbers: text byte by byte, a zip or a workbook member by member. Memory is bounded by a piece, whatever the
 * file; members are inflated and deflated again, and never parsed.
 */
export async function blankFile(file: FileHandle, options: BlankFileOptions): Promise<BlankedFile> {
  const spent = { bytes: 0 };
  try {
    return await blank(file, options, 1, spent);
  } catch (error) {
    if (error instanceof UnreadableWorkbook) return { kind: 'unreadable' };
    throw error;
  }
}

async function blank(
  file: FileHandle,
  options: BlankFileOptions,
  depth: number,
  spent: { bytes: number },
): Promise<BlankedFile> {
  const { fd, size_bytes } = await openFileBytes({ fd: file.fd });
  const isArchive = await beginsArchive(file);
  const made = await openNamelessFile(options.temporaryDirectory);
  let found = 0;
  try {
    const write = writerOf(made);
    if (isArchive) {
      found = await blankArchive(file, options, depth, spent, write);
    } else {
      const blanker = new NumberBlanker(options);
      let hasNul = false;
      for await (const piece of readPieces(fd, 0, size_bytes)) {
        hasNul ||= piece.includes(0);
        const blanked: Buffer[] = [];
        for (let at = 0; at < piece.length; at += step_bytes) {
          blanked.push(blanker.push(piece.subarray(at, at + step_bytes)));
          await setImmediate();
        }
        await write(Buffer.concat(blanked));
      }
      await write(blanker.end());
      found = blanker.found;
      // UTF-16, or packed in a way that nobody reads here; one that has the number is a text with a stray NUL. Members of a workbook may be pictures.
      if (depth === 1 && hasNul && found === 0) throw new UnreadableWorkbook('corrupt', 'no text');
    }
    if (found > 0) return { kind: 'blanked', file: made, isArchive, found };
  } catch (error) {
    await made.close();
    throw error;
  }
  await made.close();
  return { kind: 'clean' };
}

async function blankArchive(
  file: FileHandle,
  options: BlankFileOptions,
  depth: number,
  spent: { bytes: number },
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<number> {
  if (depth > depthMax) throw new UnreadableWorkbook('corrupt', 'an archive in an archive in one');
  const archive = await openArchive(await openFileBytes({ fd: file.fd }), limits);
  let found = 0;
  async function* members(): AsyncGenerator<NewMember> {
    for (const [name, entry] of archive.members) {
      // Whole and proved by its CRC before anything of it is written; an archive within needs a file of its own anyway.
      const inflated = await openNamelessFile(options.temporaryDirectory);
      try {
        const spool = writerOf(inflated);
        const content = readMember(archive, entry, limits, (bytes) => {
          spent.bytes += bytes;
          if (spent.bytes > inflated_bytesMax)
            throw new UnreadableWorkbook('too_large', 'too large');
        });
        for await (const piece of content) await spool(piece);
        const member = await blank(inflated, options, depth + 1, spent);
        const source = member.kind === 'blanked' ? member.file : inflated;
        if (member.kind === 'blanked') found += member.found;
        const { fd, size_bytes } = await openFileBytes({ fd: source.fd });
        yield { name, content: readPieces(fd, 0, size_bytes) };
        if (member.kind === 'blanked') await member.file.close();
      } finally {
        await inflated.close();
      }
    }
  }
  for await (const piece of writeZip(members())) await write(piece);
  return found;
}

async function beginsArchive(file: FileHandle): Promise<boolean> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  return bytesRead === 4 && buffer.readUInt32LE(0) === 0x04034b50;
}

function writerOf(file: FileHandle): (bytes: Uint8Array) => Promise<void> {
  let position = 0;
  return async (bytes) => {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position);
      if (bytesWritten === 0) throw new Error('the temporary file takes no more bytes');
      written += bytesWritten;
      position += bytesWritten;
    }
  };
}
