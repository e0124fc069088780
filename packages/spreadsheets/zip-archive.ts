import {
  type Entry,
  fromFdPromise,
  getFileNameLowLevel,
  validateFileName,
  type ZipFile,
} from 'yauzl';
import { displayName } from './display-name.ts';
import { type FileBytes, readRange } from './file-bytes.ts';
import { UnreadableWorkbook } from './unreadable-workbook.ts';
import type { WorkbookLimits } from './workbook-limits.ts';

/** An archive's directory, checked. Names are only ever compared, never used as paths. */
export interface Archive {
  readonly fd: number;
  readonly zip: ZipFile;
  readonly members: ReadonlyMap<string, ArchiveMember>;
}

/** A member as the archive's directory has it. */
export type ArchiveMember = Entry;

/** Reads the directory and refuses what no honest result has: encryption, links, paths, doubles, lies about the count. */
export async function openArchive(file: FileBytes, limits: WorkbookLimits): Promise<Archive> {
  const members = new Map<string, Entry>();
  try {
    // autoClose off: whoever opened the descriptor closes it.
    const options = { autoClose: false, decodeStrings: false, lazyEntries: true };
    const zip = await fromFdPromise(file.fd, options);
    if (zip.entryCount > limits.maxEntries) {
      throw new UnreadableWorkbook('too_many_entries', `more than ${limits.maxEntries} members`);
    }
    for await (const entry of zip.eachEntry()) {
      const name = nameOf(entry);
      checkEntry(entry, name);
      if (members.has(name)) refuseMember('unsafe_member', 'two members of one name', name);
      members.set(name, entry);
    }
    await checkDirectoryEnd(file, zip);
    if (members.size === 0) throw new UnreadableWorkbook('empty', 'an archive without members');
    return { fd: file.fd, zip, members };
  } catch (error) {
    throw asUnreadable(error);
  }
}

/** An xlsx is a zip too; it says so by its members. */
export function isWorkbook(archive: Archive): boolean {
  for (const name of archive.members.keys()) {
    if (name === '[Content_Types].xml' || name.startsWith('xl/')) return true;
  }
  return false;
}

function nameOf(entry: Entry): string {
  const { generalPurposeBitFlag, fileNameRaw, extraFields } = entry;
  return getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false);
}

const unixHost = 3;
const fileTypeMask = 0o170000;
const symbolicLink = 0o120000;

function checkEntry(entry: Entry, name: string): void {
  if (entry.isEncrypted()) refuseMember('encrypted', 'encrypted', name);
  if (validateFileName(name) !== null || name.includes('\0')) {
    refuseMember('unsafe_member', 'its name leads out of the archive', name);
  }
  const unixMode = entry.externalFileAttributes >>> 16;
  if (entry.versionMadeBy >>> 8 === unixHost && (unixMode & fileTypeMask) === symbolicLink) {
    refuseMember('unsafe_member', 'a symbolic link', name);
  }
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    refuseMember('unsupported_compression', 'neither stored nor deflated', name);
  }
}

/** Behind the last directory record the directory must end, or members were hidden by a count that lies. */
async function checkDirectoryEnd(file: FileBytes, zip: ZipFile): Promise<void> {
  const cursor: unknown = zip.readEntryCursor;
  if (typeof cursor !== 'number') return;
  const signature = (await readRange(file.fd, cursor, 4)).toString('hex');
  const isEnd = ['504b0506', '504b0606', '504b0505'].includes(signature);
  if (!isEnd)
    throw new UnreadableWorkbook('corrupt', 'the directory does not end where its count says');
}

function refuseMember(
  code: 'encrypted' | 'unsafe_member' | 'unsupported_compression',
  message: string,
  name: string,
): never {
  const refusal = new UnreadableWorkbook(code, message);
  refusal.member = displayName(name);
  throw refusal;
}

/**
 * yauzl throws plain errors for what is wrong with the bytes, and the system's own for what is wrong with the disk; only
 * the first are the file's fault.
 */
export function asUnreadable(error: unknown): unknown {
  if (error instanceof UnreadableWorkbook || !(error instanceof Error) || 'syscall' in error)
    return error;
  if (error instanceof TypeError) return error;
  const { message } = error;
  if (message.includes('strong encryption'))
    return new UnreadableWorkbook('encrypted', 'encrypted');
  if (/^End of central directory|unexpected EOF|overflows file bounds/.test(message)) {
    return new UnreadableWorkbook('cut', 'the archive ends before its directory says');
  }
  return new UnreadableWorkbook('corrupt', 'the archive contradicts itself');
}
