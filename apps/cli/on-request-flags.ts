import type { Command } from 'commander';
import { flag } from './flags.ts';

/** Who asked for something to be done to people's numbers, and why. */
export interface OnRequestOptions {
  readonly reason: string;
  readonly requestedBy: string;
}

export function onRequestFlags(command: Command): Command {
  return command
    .requiredOption('--reason <why>', 'why, for the audit trail; no number', flag.filledIn)
    .requiredOption(
      '--requested-by <who>',
      'the person or system that asked for it',
      flag.filledIn,
    );
}

/** As the API takes them. */
export function onRequestOf({ reason, requestedBy }: OnRequestOptions) {
  return { reason, requested_by: requestedBy };
}
