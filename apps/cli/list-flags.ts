import type { Command } from 'commander';
import { flag } from './flags.ts';

/** The flags of a list that is shown in parts. */
export function listFlags(command: Command): Command {
  return command
    .option('--limit <n>', 'most rows', flag.whole(1, 1_000_000))
    .option('--all', 'every row')
    .option('--cursor <cursor>', 'go on where a list before ended');
}
