import { constants, crc32, deflateRawSync } from 'node:zlib';

/** A member as its bytes are, whatever is true of them. */
export interface RawMember {
  readonly name: string;
  readonly data: Buffer;
  /** 8: deflated. */
  readonly method: 0 | 8;
  readonly crc: number;
  readonly size_bytes: number;
}

/** A member of a block that repeats itself: deflated once, said many times. 400 MB take 5 ms and less than 1 MB this way. */
export function repeatedMember(
  name: string,
  [before, block, times, behind]: readonly [string, string, number, string],
): RawMember {
  const repeated = Buffer.from(block);
  const open = { finishFlush: constants.Z_FULL_FLUSH };
  const piece = deflateRawSync(repeated, open);
  let crc = crc32(before);
  for (let n = 0; n < times; n += 1) crc = crc32(repeated, crc);
  const data = Buffer.concat([
    deflateRawSync(Buffer.from(before), open),
    ...Array.from({ length: times }, () => piece),
    deflateRawSync(Buffer.from(behind)),
  ]);
  const size_bytes =
    Buffer.byteLength(before) + repeated.length * times + Buffer.byteLength(behind);
  return { name, data, method: 8, crc: crc32(behind, crc), size_bytes };
}

export function deflatedMember(name: string, content: string): RawMember {
  return repeatedMember(name, [content, '', 0, '']);
}

function localHeader({ name, data, method, crc, size_bytes }: RawMember): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x0403_4b50, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(method, 8);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(data.length, 18);
  header.writeUInt32LE(size_bytes, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, Buffer.from(name, 'latin1')]);
}

function directoryRecord(member: RawMember, offset: number): Buffer {
  const { name, data, method, crc, size_bytes } = member;
  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x0201_4b50, 0);
  record.writeUInt16LE(20, 4);
  record.writeUInt16LE(20, 6);
  record.writeUInt16LE(method, 10);
  record.writeUInt32LE(crc, 16);
  record.writeUInt32LE(data.length, 20);
  record.writeUInt32LE(size_bytes, 24);
  record.writeUInt16LE(name.length, 28);
  record.writeUInt32LE(offset, 42);
  return Buffer.concat([record, Buffer.from(name, 'latin1')]);
}

function end(count: number, directory_bytes: number, start: number): Buffer {
  const zip64 = Buffer.alloc(76);
  zip64.writeUInt32LE(0x0606_4b50, 0);
  zip64.writeBigUInt64LE(44n, 4);
  zip64.writeBigUInt64LE(BigInt(count), 24);
  zip64.writeBigUInt64LE(BigInt(count), 32);
  zip64.writeBigUInt64LE(BigInt(directory_bytes), 40);
  zip64.writeBigUInt64LE(BigInt(start), 48);
  zip64.writeUInt32LE(0x0706_4b50, 56);
  zip64.writeBigUInt64LE(BigInt(start + directory_bytes), 64);
  zip64.writeUInt32LE(1, 72);
  const last = Buffer.alloc(22);
  last.writeUInt32LE(0x0605_4b50, 0);
  last.writeUInt16LE(Math.min(count, 65_535), 8);
  last.writeUInt16LE(Math.min(count, 65_535), 10);
  last.writeUInt32LE(directory_bytes, 12);
  last.writeUInt32LE(start, 16);
  return Buffer.concat(count > 65_535 ? [zip64, last] : [last]);
}

/** An archive of these members. */
export function rawZip(members: readonly RawMember[]): Buffer {
  const pieces: Buffer[] = [];
  const records: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const local = localHeader(member);
    records.push(directoryRecord(member, offset));
    pieces.push(local, member.data);
    offset += local.length + member.data.length;
  }
  const directory = Buffer.concat(records);
  return Buffer.concat([...pieces, directory, end(members.length, directory.length, offset)]);
}

/** An archive whose directory names one member `count` times: all of them have the same bytes. */
export function overlappingZip(member: RawMember, count: number): Buffer {
  const name = (n: number) => String(n).padStart(member.name.length, '0');
  const local = localHeader(member);
  const records = Buffer.alloc(count * (46 + member.name.length));
  const record = directoryRecord(member, 0);
  for (let n = 0; n < count; n += 1) {
    const at = n * record.length;
    record.copy(records, at);
    records.write(name(n), at + 46, 'latin1');
  }
  const start = local.length + member.data.length;
  return Buffer.concat([local, member.data, records, end(count, records.length, start)]);
}
