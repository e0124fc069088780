import { Command } from 'commander';
import { completionCommand } from './commands/completion.ts';
import { accountsCommand } from './commands/accounts.ts';
import { checkCommand } from './commands/check.ts';
import { checksCommand } from './commands/checks.ts';
import { chunksCommand } from './commands/chunks.ts';
import { controlCommands } from './commands/control.ts';
import { doctorCommand } from './commands/doctor.ts';
import { holdsCommand } from './commands/holds.ts';
import { jobCommand } from './commands/job.ts';
import { jobsCommand } from './commands/jobs.ts';
import { keysCommand } from './commands/keys.ts';
import { resultCommands } from './commands/results.ts';
import { retryCommand } from './commands/retry.ts';
import type { Context } from './context.ts';
import { type Ending, exitCodes } from './exit-codes.ts';

/**
 * Makes a commander action of a command: it is given its arguments and flags, and says how the program ends. The last
 * argument of commander's, the command itself, is not passed on.
 */
export type Run = <Arguments extends unknown[]>(
  action: (context: Context, ...args: Arguments) => Promise<Ending>,
) => (...args: Arguments) => Promise<void>;

/** Flags of every command. */
export interface GlobalFlags {
  readonly url?: string;
  readonly keyFile?: string;
  readonly json?: boolean;
}

/** The command line, whole: what commander parses, shows as help, and completions are made of. */
export function buildProgram(run: Run): Command {
  const program = new Command('rollcall')
    .description(
      'Sends lists of phone numbers to be checked, follows them, and reads what came of them.',
    )
    .option('--url <url>', 'where the API is; ROLLCALL_URL if absent, else http://127.0.0.1:8080')
    .option(
      '--key-file <file>',
      'a file with the API key; ROLLCALL_API_KEY or ROLLCALL_API_KEY_FILE if absent',
    )
    .option('--json', 'JSON on standard output, problems as JSON on standard error')
    .showSuggestionAfterError()
    .addHelpText('after', exitCodeHelp());
  program.commandsGroup('Jobs:');
  checkCommand(program, run);
  jobsCommand(program, run);
  jobCommand(program, run);
  resultCommands(program, run);
  controlCommands(program, run);
  retryCommand(program, run);
  program.commandsGroup('Operation:');
  doctorCommand(program, run);
  holdsCommand(program, run);
  chunksCommand(program, run);
  accountsCommand(program, run);
  checksCommand(program, run);
  keysCommand(program, run);
  completionCommand(program, run);
  return program;
}

function exitCodeHelp(): string {
  const rows = Object.values(exitCodes).map(
    ({ code, means }) => `  ${String(code).padStart(3)}  ${means}`,
  );
  return `\nExit codes:\n${rows.join('\n')}`;
}
