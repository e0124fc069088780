import type { FileHandle } from 'node:fs/promises';
import type { KeptFile } from '@rollcall/db';
import {
  findInUpload,
  type KeptUpload,
  type PlaceInUpload,
  UnreadableUpload,
} from '@rollcall/numbers';
import { blankCell } from '@rollcall/privacy';

const quote = 0x22;

/**
 * Writes zeros over the cells of an upload that intake read as one of the numbers, however they are written there: intake's own reader finds
 * them. They are changed in place, while it reads on behind them. Returns how many lines there were; null: it cannot be read any more. In a
 * workbook nothing is changed.
 */
export async function blankLines(
  file: FileHandle,
  reading: NonNullable<KeptFile['reading']>,
  isErased: (number: number) => boolean,
): Promise<number | null> {
  const upload: KeptUpload = {
    bytes: file.createReadStream({ start: 0, autoClose: false }),
    encoding: 'identity',
    format: reading.format,
    header: reading.header ?? undefined,
    column: reading.column === null ? undefined : { index: reading.column },
    defaultRegion: reading.region ?? undefined,
  };
  let found = 0;
  try {
    for await (const places of findInUpload(upload, isErased)) {
      found += places.length;
      await blank(file, places, reading.format === 'json');
    }
  } catch (error) {
    if (error instanceof UnreadableUpload) return null;
    throw error;
  }
  return found;
}

/** Blanks the cells of a batch, which stand close together, at once: there may be millions of lines of one number. */
async function blank(
  file: FileHandle,
  places: readonly PlaceInUpload[],
  isJson: boolean,
): Promise<void> {
  const from = places[0]?.start ?? 0;
  const bytes = Buffer.alloc((places.at(-1)?.end ?? 0) - from);
  if (bytes.length === 0) return;
  await file.read(bytes, 0, bytes.length, from);
  for (const { start, end } of places) {
    const cell = bytes.subarray(start - from, end - from);
    blankCell(cell, isJson && cell[0] !== quote);
  }
  for (let written = 0; written < bytes.length; ) {
    const left = bytes.length - written;
    written += (await file.write(bytes, written, left, from + written)).bytesWritten;
  }
}
