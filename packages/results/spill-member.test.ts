import { expect, test } from 'vitest';
import { type WriteAt, writeWhole } from './spill-member.ts';

/** A disk of so many bytes that takes at most so many at a time, as a file near its limit does. */
function smallDisk(size: number, takenMax: number) {
  const disk = Buffer.alloc(size);
  const write: WriteAt = (piece, offset, length, position) => {
    const bytesWritten = Math.min(length, takenMax, size - position);
    disk.set(piece.subarray(offset, offset + bytesWritten), position);
    return Promise.resolve({ bytesWritten });
  };
  return { disk, write };
}

test('a piece that the disk takes bit by bit is written whole', async () => {
  const { disk, write } = smallDisk(20, 3);
  await writeWhole(write, Buffer.from('0123456789'), 5);
  expect(disk.toString('latin1', 5, 15)).toBe('0123456789');
});

test('a disk that takes no more is an error, never a shorter file', async () => {
  const { write } = smallDisk(12, 100);
  await expect(writeWhole(write, Buffer.from('0123456789'), 5)).rejects.toThrow(
    'none of the 3 bytes',
  );
});
