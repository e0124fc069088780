import {
  type FileBytes,
  isWorkbook,
  openArchive,
  openWorkbook,
  readSheet,
  type SheetPart,
  sampleSheet,
  UnreadableWorkbook,
  type Workbook,
} from '@rollcall/spreadsheets';
import { compileNormaliser } from './compile-normaliser.ts';
import { EventLoopPause } from './event-loop-pause.ts';
import { type FoundColumn, findNumberColumn } from './find-number-column.ts';
import type { LineSink } from './line-sink.ts';
import type { Refusal } from './read-outcome.ts';
import { refuse } from './read-outcome.ts';
import type { LineWatcher } from './record-reader.ts';
import { SheetLines } from './sheet-lines.ts';
import { SheetSampler } from './sheet-sampler.ts';
import { inflationBudget, type UploadLimits, workbookLimits } from './workbook-limits.ts';
import { refuseForeignArchive, refuseUnreadable } from './workbook-refusal.ts';

/**
 * Reads the first visible sheet of a workbook that has rows. A zip has its directory at its end, so the file has to be
 * there whole. Nothing here outlives the file, which is its caller's.
 */
export class WorkbookReader {
  readonly kind = 'opened';
  readonly #workbook: Workbook;
  readonly #sheet: SheetPart;
  readonly #sampler: SheetSampler;
  readonly #maxLineBytes: number;

  private constructor(
    workbook: Workbook,
    sheet: SheetPart,
    sampler: SheetSampler,
    maxLineBytes: number,
  ) {
    this.#workbook = workbook;
    this.#sheet = sheet;
    this.#sampler = sampler;
    this.#maxLineBytes = maxLineBytes;
  }

  static async open(file: FileBytes, limits: UploadLimits): Promise<WorkbookReader | Refusal> {
    return await orRefusal(async () => {
      const reading = { limits: workbookLimits(limits), spend: inflationBudget(limits) };
      const archive = await openArchive(file, reading.limits);
      const refusal = refuseForeignArchive(archive, isWorkbook(archive));
      if (refusal !== undefined) return refusal;
      const workbook = await openWorkbook(archive, reading, true);
      for (const sheet of workbook.sheets) {
        if (sheet.isHidden) continue;
        const sampler = new SheetSampler(limits.maxLineBytes, workbook.isDate1904);
        await sampleSheet(workbook, sheet, sampler, () => sampler.isFull);
        if (sampler.refusal !== undefined) return sampler.refusal;
        if (sampler.records.length > 0) {
          return new WorkbookReader(workbook, sheet, sampler, limits.maxLineBytes);
        }
      }
      return refuse(
        'empty',
        'No visible sheet of the workbook has a row. Send at least one number.',
      );
    });
  }

  /** The header and the column of numbers, as for any table. */
  async findColumn(
    wanted: string | undefined,
    defaultRegion: string | undefined,
  ): Promise<FoundColumn | Refusal> {
    const normalise = compileNormaliser(defaultRegion);
    const { records, dates } = this.#sampler;
    const isValid = (text: string): boolean =>
      !dates.has(text) && typeof normalise(text) === 'number';
    return await findNumberColumn(records, wanted, isValid);
  }

  /**
   * Hands every line on; yields every 16 KiB of the sheet, so that its caller can put aside what has gathered, and lets the
   * event loop turn. To be ended (`return`) before the file is closed, since it reads ahead.
   */
  async *lines(
    sink: LineSink,
    options: {
      readonly hasHeader: boolean;
      /** 0-based. */
      readonly column: number;
      readonly watch?: LineWatcher | undefined;
    },
  ): AsyncGenerator<void, Refusal | undefined> {
    const { isDate1904 } = this.#workbook;
    const columns = { ...options, isDate1904, maxLineBytes: this.#maxLineBytes };
    const lines = new SheetLines(sink, columns);
    const pause = new EventLoopPause();
    try {
      for await (const _ of readSheet(this.#workbook, this.#sheet, lines)) {
        if (lines.refusal !== undefined) return lines.refusal;
        yield;
        await pause.whenDue();
      }
      return undefined;
    } catch (error) {
      if (error instanceof UnreadableWorkbook) return refuseUnreadable(error);
      throw error;
    }
  }
}

async function orRefusal<Result>(work: () => Promise<Result>): Promise<Result | Refusal> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnreadableWorkbook) return refuseUnreadable(error);
    throw error;
  }
}
