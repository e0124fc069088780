import type { Api } from './api.ts';
import type { Output } from './output.ts';

/** What every command works with. */
export interface Context {
  readonly output: Output;
  readonly api: Api;
  /** Aborted when the person ends the program; the reason is an {@link Interrupted}. */
  readonly signal: AbortSignal;
  readonly stdin: NodeJS.ReadableStream;
}

export const stopSignals = {
  SIGINT: 'interrupted',
  SIGTERM: 'terminated',
  SIGHUP: 'hungUp',
} as const;

/** Ctrl-C, kill, or a closed terminal. */
export class Interrupted extends Error {
  readonly by: keyof typeof stopSignals;

  constructor(by: keyof typeof stopSignals) {
    super(by);
    this.by = by;
  }
}
