import { Command, type Option } from 'commander';
import type { Context } from './context.ts';
import { type Ending, exitCodes } from './exit-codes.ts';
import manifest from './package.json' with { type: 'json' };

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

type Describe = (command: Command, run: Run, whole: () => Promise<Command>) => void;

/**
 * Commands by their group in the help: name, summary, and what describes the rest. That is loaded with the command alone: all of them
 * together take longer than most commands do.
 */
const groups: Readonly<
  Record<string, readonly (readonly [string, string, () => Promise<Describe>])[]>
> = {
  'Jobs:': [
    [
      'check',
      'send a list of numbers',
      async () => (await import('./commands/check.ts')).checkCommand,
    ],
    ['jobs', 'list jobs', async () => (await import('./commands/jobs.ts')).jobsCommand],
    ['job', 'show or follow a job', async () => (await import('./commands/job.ts')).jobCommand],
    [
      'results',
      'show the results of a job',
      async () => (await import('./commands/results.ts')).resultsCommand,
    ],
    [
      'rejects',
      'show the rejected lines of a job',
      async () => (await import('./commands/results.ts')).rejectsCommand,
    ],
    [
      'export',
      'write the results of a job to a file',
      async () => (await import('./commands/results.ts')).exportCommand,
    ],
    [
      'pause',
      'pause a job',
      async () => (await import('./commands/control.ts')).verbCommand('pause'),
    ],
    [
      'resume',
      'resume a job',
      async () => (await import('./commands/control.ts')).verbCommand('resume'),
    ],
    ['cancel', 'cancel a job', async () => (await import('./commands/control.ts')).cancelCommand],
    [
      'change',
      "change a job's name, priority or ceiling",
      async () => (await import('./commands/control.ts')).changeCommand,
    ],
    [
      'retry',
      'ask the failed and missing numbers of a job again',
      async () => (await import('./commands/retry.ts')).retryCommand,
    ],
  ],
  'Privacy:': [
    [
      'suppress',
      'put numbers on the list of those not sent, take them off, count it',
      async () => (await import('./commands/suppress.ts')).suppressCommand,
    ],
    [
      'erase',
      'erase numbers from all rows and files',
      async () => (await import('./commands/erase.ts')).eraseCommand,
    ],
    [
      'erasure',
      'show or follow the receipt of an erasure',
      async () => (await import('./commands/erase.ts')).erasureCommand,
    ],
  ],
  'Operation:': [
    [
      'doctor',
      'say what is stuck, why, and what it costs to act',
      async () => (await import('./commands/doctor.ts')).doctorCommand,
    ],
    [
      'holds',
      'list, show and decide what waits for a person',
      async () => (await import('./commands/holds.ts')).holdsCommand,
    ],
    [
      'replay',
      'read kept result files again, for free',
      async () => (await import('./commands/replay.ts')).replayCommand,
    ],
    [
      'chunks',
      'show the uploads of a job',
      async () => (await import('./commands/chunks.ts')).chunksCommand,
    ],
    [
      'accounts',
      'list, show, pause, resume and confirm accounts',
      async () => (await import('./commands/accounts.ts')).accountsCommand,
    ],
    [
      'checks',
      'list what can be asked, by whom and at what price',
      async () => (await import('./commands/checks.ts')).checksCommand,
    ],
    [
      'keys',
      'list, make, rotate, change and revoke API keys',
      async () => (await import('./commands/keys.ts')).keysCommand,
    ],
    [
      'completion',
      'print completions for a shell',
      async () => (await import('./commands/completion.ts')).completionCommand,
    ],
  ],
};

/**
 * The command line: what commander parses and shows as help. A command gets its flags when it is called; `whole` gives them to all, as
 * completions need. `settle` is called before there are commands, since these take over what it sets.
 */
export function buildProgram(
  run: Run,
  settle: (program: Command) => unknown = () => undefined,
): { readonly program: Command; readonly whole: () => Promise<Command> } {
  const program = new Command('rollcall')
    .description(
      'Sends lists of phone numbers to be checked, follows them, and reads what came of them.',
    )
    .version(manifest.version, '--version', 'show the version')
    .option('--url <url>', 'where the API is; ROLLCALL_URL if absent, else http://127.0.0.1:8080')
    .option(
      '--key-file <file>',
      'a file with the API key; if absent ROLLCALL_API_KEY, ROLLCALL_API_KEY_FILE or ROLLCALL_KEY',
    )
    .option('--json', 'JSON on standard output, problems as JSON on standard error')
    .showSuggestionAfterError()
    .helpCommand(false)
    .configureHelp({ subcommandTerm, optionDescription })
    .addHelpText('after', exitCodeHelp());
  settle(program);
  const waiting = new Map<Command, () => Promise<Describe>>();
  for (const [group, commands] of Object.entries(groups)) {
    program.commandsGroup(group);
    for (const [name, summary, load] of commands) {
      waiting.set(program.command(name).summary(summary), load);
    }
  }
  const describe = async (command: Command) => {
    const load = waiting.get(command);
    waiting.delete(command);
    if (load !== undefined) (await load())(command, run, whole);
  };
  const whole = async () => {
    for (const command of program.commands) await describe(command);
    return program;
  };
  program.hook('preSubcommand', (_, command) => describe(command));
  return { program, whole };
}

function subcommandTerm(command: Command): string {
  const args = command.registeredArguments.map((each) =>
    each.required ? `<${each.name()}>` : `[${each.name()}]`,
  );
  return [command.name(), ...args].join(' ');
}

function optionDescription({ description, mandatory, defaultValue }: Option): string {
  const notes = [
    ...(mandatory ? ['(required)'] : []),
    ...(defaultValue === undefined ? [] : [`(${String(defaultValue)} if absent)`]),
  ];
  return [description, ...notes].join(' ');
}

function exitCodeHelp(): string {
  const rows = Object.values(exitCodes).map(
    ({ code, means }) => `  ${String(code).padStart(3)}  ${wrapped(means, 73).join('\n       ')}`,
  );
  return `\nExit codes:\n${rows.join('\n')}`;
}

function wrapped(text: string, columns: number): string[] {
  return text.match(new RegExp(`.{1,${columns}}(?:\\s|$)`, 'g'))?.map((line) => line.trim()) ?? [];
}
