import { Interrupted, stopSignals } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { runProgram } from './run-program.ts';

const stopping = new AbortController();

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(exitCodes[error.code === 'EPIPE' ? 'readerGone' : 'failed'].code);
});
// Nobody reads what is said beside the answer: no reason to leave a job or a file.
process.stderr.on('error', () => undefined);
for (const signal of Object.keys(stopSignals) as (keyof typeof stopSignals)[]) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(exitCodes[stopSignals[signal]].code);
    stopping.abort(new Interrupted(signal));
  });
}

process.exitCode = await runProgram(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopping.signal,
});
process.stdin.destroy();
