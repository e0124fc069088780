// The records of a zip archive, as APPNOTE.TXT 6.3.10 lays them out (§4.3.7, 4.3.9, 4.3.12, 4.3.14 to 4.3.16, 4.5.3).

/** What the directory says of a member. Its own bytes are below 4 GiB, so that only offsets ever need zip64. */
export interface WrittenMember {
  readonly name: Buffer;
  readonly crc32: number;
  readonly compressed_bytes: number;
  readonly size_bytes: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const versionNeeded = 20;
const versionNeededForZip64 = 45;
/** Sizes and CRC follow the data (bit 3), and names are UTF-8 (bit 11). */
const flags = 0x0808;
const deflated = 8;
/** 1 January 1980, the earliest date that there is: equal rows make equal files. */
const date = 0x0021;
const largest32 = 0xffff_ffff;
const largest16 = 0xffff;

/** Stands before a member's data, whose sizes are not known yet. */
export function localHeader(name: Buffer): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x0403_4b50, 0);
  header.writeUInt16LE(versionNeeded, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt16LE(deflated, 8);
  header.writeUInt16LE(date, 12);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

/** Stands behind a member's data. */
export function dataDescriptor(member: WrittenMember): Buffer {
  const descriptor = Buffer.alloc(16);
  descriptor.writeUInt32LE(0x0807_4b50, 0);
  descriptor.writeUInt32LE(member.crc32, 4);
  descriptor.writeUInt32LE(member.compressed_bytes, 8);
  descriptor.writeUInt32LE(member.size_bytes, 12);
  return descriptor;
}

/** A member's entry in the directory; one that begins beyond 4 GiB says so in a zip64 field. */
export function directoryRecord(member: WrittenMember): Buffer {
  const isFar = member.offset >= largest32;
  const farOffset = Buffer.alloc(isFar ? 12 : 0);
  if (isFar) {
    farOffset.writeUInt16LE(1, 0);
    farOffset.writeUInt16LE(8, 2);
    farOffset.writeBigUInt64LE(BigInt(member.offset), 4);
  }
  const version = isFar ? versionNeededForZip64 : versionNeeded;
  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x0201_4b50, 0);
  record.writeUInt16LE(version, 4);
  record.writeUInt16LE(version, 6);
  record.writeUInt16LE(flags, 8);
  record.writeUInt16LE(deflated, 10);
  record.writeUInt16LE(date, 14);
  record.writeUInt32LE(member.crc32, 16);
  record.writeUInt32LE(member.compressed_bytes, 20);
  record.writeUInt32LE(member.size_bytes, 24);
  record.writeUInt16LE(member.name.length, 28);
  record.writeUInt16LE(farOffset.length, 30);
  record.writeUInt32LE(isFar ? largest32 : member.offset, 42);
  return Buffer.concat([record, member.name, farOffset]);
}

/** Ends the archive: where its directory begins, how long it is, and how many members it has. */
export function directoryEnd(members: number, start: number, length_bytes: number): Buffer {
  const needsZip64 = start >= largest32 || length_bytes >= largest32 || members >= largest16;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x0605_4b50, 0);
  end.writeUInt16LE(Math.min(members, largest16), 8);
  end.writeUInt16LE(Math.min(members, largest16), 10);
  end.writeUInt32LE(Math.min(length_bytes, largest32), 12);
  end.writeUInt32LE(Math.min(start, largest32), 16);
  return needsZip64 ? Buffer.concat([zip64End(members, start, length_bytes), end]) : end;
}

function zip64End(members: number, start: number, length_bytes: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x0606_4b50, 0);
  // Of what follows this field, the locator not counted.
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(versionNeededForZip64, 12);
  end.writeUInt16LE(versionNeededForZip64, 14);
  end.writeBigUInt64LE(BigInt(members), 24);
  end.writeBigUInt64LE(BigInt(members), 32);
  end.writeBigUInt64LE(BigInt(length_bytes), 40);
  end.writeBigUInt64LE(BigInt(start), 48);
  end.writeUInt32LE(0x0706_4b50, 56);
  end.writeBigUInt64LE(BigInt(start + length_bytes), 64);
  end.writeUInt32LE(1, 72);
  return end;
}
