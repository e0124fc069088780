import { CommanderError } from 'commander';
import { readClientEnvironment } from '@rollcall/config';
import { type Api, openApi } from './api.ts';
import { CommandFailed, failed } from './command-failed.ts';
import { Interrupted, stopSignals } from './context.ts';
import { type Ending, exitCodes } from './exit-codes.ts';
import { Output } from './output.ts';
import { buildProgram, type GlobalFlags, type Run } from './program.ts';
import { showFailure } from './show-failure.ts';

const words = process.argv.slice(2);
/** Before the words are parsed, since what is wrong with them is told as JSON too. */
const json = words.includes('--json');
const stopping = new AbortController();
let ending: Ending = 'done';

for (const [index, stream] of [process.stdout, process.stderr].entries()) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Nobody reads us any more; what is said on standard error is no reason to end a job's watch.
    if (index === 0) process.exit(exitCodes[error.code === 'EPIPE' ? 'readerGone' : 'failed'].code);
  });
}
for (const signal of Object.keys(stopSignals) as (keyof typeof stopSignals)[]) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(exitCodes[stopSignals[signal]].code);
    stopping.abort(new Interrupted(signal));
  });
}

const run: Run =
  (action) =>
  async (...args) => {
    const flags = program.opts<GlobalFlags>();
    const read = readClientEnvironment({ url: flags.url, keyFile: flags.keyFile });
    if (!read.ok) {
      throw failed('usage', 'settings', 'The settings are wrong', read.problems.join('\n'));
    }
    const output = outputOf(read.settings.colors);
    let api: Api | undefined;
    try {
      const context = {
        output,
        // Opened when first asked for, as some commands need neither a key nor the API.
        get api() {
          api ??= openApi({ url: read.settings.url, key: read.settings.key });
          return api;
        },
        signal: stopping.signal,
        stdin: process.stdin,
      };
      ending = await action(context, ...args);
    } finally {
      await api?.close();
    }
  };

const program = buildProgram(run);
for (const command of [program, ...program.commands.flatMap((each) => [each, ...each.commands])]) {
  command.exitOverride();
  command.configureOutput({
    outputError: (text, write) => {
      if (!json) write(text);
    },
  });
}

try {
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  ending = endingOf(error);
}
process.stdin.destroy();
process.exitCode = exitCodes[ending].code;

function endingOf(error: unknown): Ending {
  if (error instanceof Interrupted) return stopSignals[error.by];
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 'done';
    const detail = error.message.replace(/^error: /, '');
    if (json)
      showFailure(
        process.stderr,
        failed('usage', 'usage', 'The command line is wrong', detail),
        json,
      );
    return 'usage';
  }
  if (error instanceof CommandFailed) {
    showFailure(process.stderr, error, json);
    return error.ending;
  }
  // A bug of ours: its kind and place, and no message, which may hold anything.
  const place = error instanceof Error ? `${error.name} ${placeOf(error)}` : 'unknown';
  showFailure(
    process.stderr,
    failed('failed', 'internal', 'An error of this program', `${place}. Tell whoever keeps it.`),
    json,
  );
  return 'failed';
}

function placeOf({ stack = '' }: Error): string {
  return /[\w.-]+\.ts:\d+/.exec(stack)?.[0] ?? '';
}

function outputOf(colors: boolean): Output {
  return new Output({ out: process.stdout, err: process.stderr, json, colors });
}
