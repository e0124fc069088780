import { randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghijklmnopqrstuv';

/** 12 bytes as 20 characters of base32hex, most significant bit first; the last character carries one bit and four zeros. */
export function encodeXid(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    heldBits += 8;
    while (heldBits >= 5) {
      heldBits -= 5;
      text += alphabet[(held >>> heldBits) & 31];
    }
    held &= (1 << heldBits) - 1;
  }
  return text + alphabet[(held << (5 - heldBits)) & 31];
}

/**
 * Makes task ids in the form of rs/xid: 4 bytes of Unix seconds, 5 bytes that stay the same for the process, a 3-byte
 * counter. Both vendors' sample ids decode to such a time.
 */
export function xidFactory(): (nowMs: number) => string {
  const machine = randomBytes(5);
  let counter = randomBytes(3).readUIntBE(0, 3);
  return (nowMs) => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32BE(Math.floor(nowMs / 1000) >>> 0, 0);
    machine.copy(bytes, 4);
    counter = (counter + 1) % 0x1000000;
    bytes.writeUIntBE(counter, 9, 3);
    return encodeXid(bytes);
  };
}
