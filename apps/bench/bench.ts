import type { Measurement } from './measurement.ts';

/** What a bench is run with. */
export interface BenchContext {
  /** How large the asker wants it, in the bench's own unit, mostly phone numbers; undefined: as large as its bar says. */
  readonly numbers: number | undefined;
  /** Progress, for people. */
  readonly tell: (line: string) => void;
  /** For files; servers can walk into it. Removed when the bench has ended. */
  readonly folder: string;
}

/** One row of the table in docs/performance.md, or several that belong together. */
export interface Bench {
  readonly name: string;
  /** What is measured against what, for `--help`. */
  readonly about: string;
  run(context: BenchContext): Promise<readonly Measurement[]>;
}
