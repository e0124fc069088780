import { parseArgs } from 'node:util';
import { runDemo } from './demo/run-demo.ts';
import { exitCodeOf, untilToldToStop } from './until-told-to-stop.ts';

const { values: flags } = parseArgs({
  options: {
    /** How many numbers each of the seven jobs is sent, about. */
    numbers: { type: 'string', default: '20000' },
  },
});
const numbersPerCheck = Number(flags.numbers);

async function main(): Promise<number> {
  if (!Number.isInteger(numbersPerCheck) || numbersPerCheck < 200 || numbersPerCheck > 100_000) {
    process.stderr.write('--numbers: write a whole number from 200 to 100000\n');
    return 2;
  }
  const opened = new AsyncDisposableStack();
  const told = untilToldToStop();
  const ran = runDemo(opened, numbersPerCheck, process.stdout).then(
    (lastLine) => ({ kind: 'ok', lastLine }) as const,
    (error: unknown) => ({ kind: 'failed', error }) as const,
  );
  const outcome = await Promise.race([
    ran,
    told.then((signal) => ({ kind: 'told', signal }) as const),
  ]);
  if (outcome.kind === 'told') process.stdout.write('\nStopping …\n');
  await opened.disposeAsync();
  switch (outcome.kind) {
    case 'ok':
      process.stdout.write(`${outcome.lastLine}\n`);
      return 0;
    case 'failed': {
      const { error } = outcome;
      process.stderr.write(
        `\ndemo failed: ${error instanceof Error ? error.message : String(error)}\n`,
      );
      return 1;
    }
    case 'told':
      return exitCodeOf(outcome.signal);
  }
}

process.exit(await main());
