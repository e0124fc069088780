import type { Command } from 'commander';
import { flag } from './flags.ts';

/** Which holds. */
export interface HoldFlags {
  readonly account?: string;
  readonly job?: string;
  readonly heldAs?: string;
  readonly check?: string;
}

/**
 * The flags that name holds, of `holds` and of `holds resolve`. commander takes a flag that both have for that of `holds`, wherever it
 * stands: it is read there, and `holds resolve` has them for its help. For the same reason none is called --reason.
 */
export function holdFlags(command: Command, when = ''): Command {
  return command
    .option('--account <id>', `${when}at this account`, flag.account)
    .option('--job <id>', `${when}of this job`, flag.id('job'))
    .option('--held-as <reason>', `${when}unknown, upstream_failed, poll or artifact`)
    .option('--check <name>', `${when}of this check`);
}
