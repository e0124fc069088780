/** What a confined process may use. */
export interface ConfinementLimits {
  /** Resident, the 45 MB of Node's own program included. */
  readonly memory_bytes: number;
  /** Of the processor. How long that takes is the machine's business: nothing is refused because the machine is busy. */
  readonly processorTime_ms: number;
}

const mebibyte = 1_048_576;

/** P11 of the design. */
export const memoryMax_bytes = 256 * mebibyte;

const baseTime_ms = 20_000;
const bytesPerSecond = 4 * mebibyte;

/**
 * The processor time that reading a file of this size may take: 20 s, and one more for each 4 MiB. Readers do 20 to 40 MB of csv, or 3 MB of xlsx
 * (of 60 MB inflated), in a second: a million rows take 2 to 4 s, ten million rows of csv (170 MB) take 10 and may take 60. What is
 * small and hostile has 20.
 */
export function processorTimeFor_ms(file_bytes: number): number {
  return baseTime_ms + Math.ceil(file_bytes / bytesPerSecond) * 1_000;
}
