import type { ClientSettings, Environment } from '@rollcall/config';
import { CommanderError } from 'commander';
import type { Api } from './api.ts';
import { CommandFailed, failed, keyPlaces } from './command-failed.ts';
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
      // Loaded here: help needs neither, and takes a moment without them.
      const { openApi } = await import('./api.ts');
      const settings = await readSettings(program.opts<GlobalFlags>(), environment);
      const output = new Output({ out: stdout, err: stderr, json, colors: settings.colors });
      let api: Api | undefined;
      try {
        const context = {
          output,
          // Opened when first asked for, as some commands need neither a key nor the API.
          get api() {
            api ??= openApi({ url: settings.url, key: keyOf(settings) });
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
  const { program } = buildProgram(run, (settled) =>
    settled.exitOverride().configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void (json || stderr.write(text)),
    }),
  );
  try {
    await program.parseAsync(asFlag(words), { from: 'user' });
  } catch (error) {
    ending = tell(error, stderr, json);
  }
  return exitCodes[ending].code;
}

/** `help holds resolve` as `holds resolve --help`: commander's own `help` would not wait until a command is loaded. */
function asFlag(words: readonly string[]): readonly string[] {
  const [first, ...rest] = words;
  return first === 'help' ? [...rest, '--help'] : words;
}

async function readSettings(
  flags: GlobalFlags,
  environment: Environment | undefined,
): Promise<ClientSettings> {
  const { readClientEnvironment } = await import('@rollcall/config');
  const read = readClientEnvironment({ url: flags.url, keyFile: flags.keyFile }, environment);
  if (read.ok) return read.settings;
  throw failed('usage', 'settings', 'The settings are wrong', read.problems.join('\n'));
}

/** Throws CommandFailed before anything is sent, since there is nothing that the API says without a key. */
function keyOf({ key }: ClientSettings): string {
  if (key !== null) return key;
  throw failed('usage', 'no_key', `No API key: set ${keyPlaces}`, 'Nothing was sent.', [
    '`start` prints a key; `rollcall keys create` makes more.',
  ]);
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
