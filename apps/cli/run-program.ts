import { type ClientSettings, type Environment, readClientEnvironment } from '@rollcall/config';
import { type Command, CommanderError } from 'commander';
import { type Api, openApi } from './api.ts';
import { CommandFailed, failed } from './command-failed.ts';
import { Interrupted, stopSignals } from './context.ts';
import { type Ending, exitCodes } from './exit-codes.ts';
import { Output, type Stream } from './output.ts';
import { buildProgram, type GlobalFlags, type Run } from './program.ts';
import { showFailure } from './show-failure.ts';

/** What a run of the program is given from outside. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Aborted with an Interrupted when the person ends the program. */
  readonly signal: AbortSignal;
  /** In place of the process's own environment. */
  readonly environment?: Environment;
}

/** Runs one command line, to its end, and returns the exit code. Never throws. */
export async function runProgram(
  words: readonly string[],
  { stdin, stdout, stderr, signal, environment }: Surroundings,
): Promise<number> {
  // Before the words are parsed, since what is wrong with them is told as JSON too.
  const json = words.includes('--json');
  let ending: Ending = 'done';
  const run: Run =
    (action) =>
    async (...args) => {
      const settings = readSettings(program.opts<GlobalFlags>(), environment);
      const output = new Output({ out: stdout, err: stderr, json, colors: settings.colors });
      let api: Api | undefined;
      try {
        const context = {
          output,
          // Opened when first asked for, as some commands need neither a key nor the API.
          get api() {
            api ??= openApi(settings);
            return api;
          },
          signal,
          stdin,
        };
        ending = await action(context, ...args);
      } finally {
        await api?.close();
      }
    };
  const program = buildProgram(run);
  for (const command of allOf(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void (json || stderr.write(text)),
    });
  }
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    ending = tell(error, stderr, json);
  }
  return exitCodes[ending].code;
}

function readSettings(flags: GlobalFlags, environment: Environment | undefined): ClientSettings {
  const read = readClientEnvironment({ url: flags.url, keyFile: flags.keyFile }, environment);
  if (read.ok) return read.settings;
  throw failed('usage', 'settings', 'The settings are wrong', read.problems.join('\n'));
}

function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allOf)];
}

/** Says why it failed, and how the program ends. */
function tell(error: unknown, stderr: Stream, json: boolean): Ending {
  if (error instanceof Interrupted) return stopSignals[error.by];
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 'done';
    // In words commander said it already.
    const detail = error.message.replace(/^error: /, '');
    if (json) {
      showFailure(stderr, failed('usage', 'usage', 'The command line is wrong', detail), json);
    }
    return 'usage';
  }
  const failure = error instanceof CommandFailed ? error : bugOf(error);
  showFailure(stderr, failure, json);
  return failure.ending;
}

/** A bug of ours: its kind and place, and no message, which may hold anything. */
function bugOf(error: unknown): CommandFailed {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const kind = error instanceof Error ? error.name : 'unknown';
  const place = /[\w.-]+\.ts:\d+/.exec(stack)?.[0] ?? 'nowhere';
  const detail = `${kind} at ${place}. Tell whoever keeps it.`;
  return failed('failed', 'internal', 'An error of this program', detail);
}
