import { directoryRecord, makeZip, renameInZip } from '../make-zip.ts';
import { type HostileFile, header, honestCsv, honestEnd } from './hostile-file.ts';
import { deflatedMember, overlappingZip, rawZip, repeatedMember } from './raw-zip.ts';

const blankLines = '\n'.repeat(1_048_576);

/** Writes another number over a field of the directory, where the archive says how its first member is. */
async function lying(csv: string, offset: number, change: (value: number) => number) {
  const zip = await makeZip({ 'all.csv': csv });
  const at = directoryRecord(zip) + offset;
  zip.writeUInt32LE(change(zip.readUInt32LE(at)) >>> 0, at);
  return zip;
}

async function named(name: string, numbers: readonly string[]): Promise<Buffer> {
  const plain = 'n'.repeat(name.length);
  return renameInZip(await makeZip({ [plain]: honestCsv(numbers) }), plain, name);
}

/** Archives: names are never used, and nothing that the directory says is believed. */
export const archiveFiles: readonly HostileFile[] = [
  {
    name: 'climbs-out.zip',
    what: 'a member called ../../x.csv',
    ends: { held: 'unsafe_member' },
    make: (numbers) => named('../../x.csv', numbers),
  },
  {
    name: 'absolute.zip',
    what: 'a member called /etc/cron.csv',
    ends: { held: 'unsafe_member' },
    make: (numbers) => named('/etc/cron.csv', numbers),
  },
  {
    name: 'symlink.zip',
    what: 'a symbolic link to /etc/passwd',
    ends: { held: 'unsafe_member' },
    make: async () => {
      const zip = await makeZip({ 'all.csv': '/etc/passwd' }, { stored: true });
      const record = directoryRecord(zip);
      zip.writeUInt16LE(0x0300 | 20, record + 4);
      zip.writeUInt32LE((0o120777 << 16) >>> 0, record + 38);
      return zip;
    },
  },
  {
    name: 'two-of-one-name.zip',
    what: 'two members of one name',
    ends: { held: 'unsafe_member' },
    make: async (numbers) =>
      renameInZip(
        await makeZip({ 'all.csv': honestCsv(numbers), 'alt.csv': header }),
        'alt',
        'all',
      ),
  },
  {
    name: 'nested.zip',
    what: 'an archive in the archive',
    ends: { held: 'nested_archive' },
    make: async (numbers) =>
      makeZip({ 'inner.zip': await makeZip({ 'all.csv': honestCsv(numbers) }) }),
  },
  {
    name: 'encrypted.zip',
    what: 'a member with a password',
    ends: { held: 'encrypted' },
    make: async (numbers) => {
      const zip = await makeZip({ 'all.csv': honestCsv(numbers) });
      zip.writeUInt16LE(zip.readUInt16LE(directoryRecord(zip) + 8) | 1, directoryRecord(zip) + 8);
      return zip;
    },
  },
  {
    name: 'empty.zip',
    what: 'an archive without members',
    ends: { held: 'empty' },
    make: () => makeZip({}),
  },
  {
    name: 'million-members.zip',
    what: 'a million members of no bytes',
    ends: { held: 'too_many_entries' },
    make: () => overlappingZip(deflatedMember('0000000', ''), 1_000_000),
  },
  {
    name: 'size-too-small.zip',
    what: 'a member that inflates to more than its size',
    ends: { held: 'corrupt' },
    make: (numbers) => lying(honestCsv(numbers), 24, (size) => size - 1),
  },
  {
    name: 'size-too-large.zip',
    what: 'a member that inflates to less than its size',
    ends: { held: 'corrupt' },
    make: (numbers) => lying(honestCsv(numbers), 24, (size) => size + 1),
  },
  {
    name: 'size-4-gb.zip',
    what: 'a small member whose size is said to be 4 GB',
    ends: { held: 'too_large' },
    make: (numbers) => lying(honestCsv(numbers), 24, () => 4_000_000_000),
  },
  {
    name: 'wrong-crc.zip',
    what: 'a member whose CRC is another',
    ends: { held: 'corrupt' },
    make: (numbers) => lying(honestCsv(numbers), 16, (crc) => crc ^ 1),
  },
  {
    name: 'cut.zip',
    what: 'the first half of an archive',
    ends: { held: 'cut' },
    make: async (numbers) => {
      const zip = await makeZip({ 'all.csv': honestCsv(numbers) });
      return zip.subarray(0, zip.length / 2);
    },
  },
  {
    name: 'bomb.zip',
    what: '64 MiB of blank lines in 68 KB',
    ends: { held: 'too_large' },
    make: (numbers) =>
      rawZip([repeatedMember('all.csv', [honestCsv(numbers), blankLines, 64, ''])]),
  },
  {
    name: 'overlapping.zip',
    what: '250 names for one member, which would inflate to 15 MiB each',
    ends: { held: 'corrupt' },
    make: (numbers) =>
      overlappingZip(
        repeatedMember('000.csv', [honestCsv(numbers), 'x,y\n'.repeat(262_144), 15, '']),
        250,
      ),
  },
  {
    name: 'clutter.zip',
    what: 'a table among what desktops and strangers add',
    ends: honestEnd,
    make: (numbers) =>
      makeZip({
        '__MACOSX/._all.csv': Buffer.from('1f8b0800', 'hex'),
        'readme.txt': 'Thank you.',
        'index.html': '<html></html>',
        'all.csv': honestCsv(numbers),
      }),
  },
];
