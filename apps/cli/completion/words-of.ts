import type { Command } from 'commander';

/** A command or subcommand as completions know it. */
export interface CommandWords {
  /** `holds resolve`; empty for the program itself. */
  readonly path: string;
  readonly summary: string;
  readonly subcommands: readonly { readonly name: string; readonly summary: string }[];
  /** Long flags with what they mean. */
  readonly flags: readonly {
    readonly name: string;
    readonly takesValue: boolean;
    readonly meaning: string;
  }[];
  /** Whether its arguments may be files. */
  readonly takesFiles: boolean;
}

/** Every command of the program with its words, the program itself first. */
export function wordsOf(program: Command): CommandWords[] {
  const ofAll = flagsOf(program);
  const walk = (command: Command, path: string): CommandWords[] => {
    // Hidden ones are not for people.
    const subcommands = command
      .createHelp()
      .visibleCommands(command)
      .filter((each) => each.name() !== 'help');
    const own: CommandWords = {
      path,
      summary: command.summary(),
      subcommands: subcommands.map((each) => ({ name: each.name(), summary: each.summary() })),
      flags: path === '' ? ofAll : [...flagsOf(command), ...ofAll],
      takesFiles: command.registeredArguments.some((each) => each.name() === 'file'),
    };
    return [own, ...subcommands.flatMap((each) => walk(each, `${path} ${each.name()}`.trim()))];
  };
  return walk(program, '');
}

function flagsOf(command: Command): CommandWords['flags'] {
  return [
    ...command.options.map((option) => ({
      name: option.long ?? '',
      takesValue: option.required || option.optional,
      meaning: option.description,
    })),
    { name: '--help', takesValue: false, meaning: 'show help' },
  ].filter(
    (each, index, all) =>
      each.name !== '' && all.findIndex(({ name }) => name === each.name) === index,
  );
}
