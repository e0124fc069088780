import { accountListSchema, checkListSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { bashCompletion, fishCompletion, zshCompletion } from '../completion/scripts.ts';
import { wordsOf } from '../completion/words-of.ts';
import { flag } from '../flags.ts';
import type { Run } from '../program.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
const names = ['bash', 'zsh', 'fish'] as const;

/** A shell waits for it while somebody has pressed Tab. */
const patience_ms = 1_500;

/** `whole` gives the program with every command's flags. */
export function completionCommand(command: Command, run: Run, whole: () => Promise<Command>): void {
  command
    .description(
      'Prints completions for bash, zsh or fish; docs/command-line.md says where to put them.',
    )
    .argument('<shell>', names.join(', '), flag.word(names))
    .action(
      run(async ({ output }, shell: keyof typeof shells) => {
        await output.write(shells[shell](wordsOf(await whole())));
        return 'done';
      }),
    );
  // What the scripts call for the values of --check and --account; says nothing where it cannot know.
  command
    .command('values', { hidden: true })
    .argument('<of>')
    .action(
      run(async ({ api, output, signal }, of: string) => {
        const soon = AbortSignal.any([signal, AbortSignal.timeout(patience_ms)]);
        const options = { signal: soon };
        try {
          const found =
            of === 'checks'
              ? (await api.ask(checkListSchema, 'GET', '/v1/checks', options)).value.data.map(
                  ({ name }) => name,
                )
              : (await api.ask(accountListSchema, 'GET', '/v1/accounts', options)).value.data.map(
                  ({ id }) => id,
                );
          await output.write(found.map((each) => `${each}\n`).join(''));
        } catch {
          // An error on the line that somebody is typing helps nobody.
        }
        return 'done';
      }),
    );
}
