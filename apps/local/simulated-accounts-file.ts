import type { SimulatedAccounts } from '@rollcall/config';

interface SimulatorPlace {
  readonly url: string;
  readonly resultUrl: string;
  /** Null: it keeps nothing. */
  readonly dataFolder: string | null;
}

/**
 * The accounts file of a `start`, whose head says that it is not the place to edit, and with which lines a copy is used. `folder`: all that `start`
 * keeps. The keys are the simulator's, and open nothing else.
 */
export function simulatedAccountsFile(
  { text, keys }: SimulatedAccounts,
  { url, resultUrl, dataFolder }: SimulatorPlace,
  folder: string,
): string {
  const simulator = [
    `--port ${new URL(url).port} --result-port ${new URL(resultUrl).port}`,
    ...(dataFolder === null ? [] : [`--data-directory ${quoted(dataFolder)}`]),
  ].join(' ');
  const environment = Object.entries(keys).map(([name, value]) => `${name}=${value}`);
  const head = `Written anew by each start: edits here are lost.

To try settings of your own at the simulated providers, for instance a result_semantics that is corrected later (rollcall replay), stop
start, copy this file, and run these two, from the repository's root; a further start on the copy reads it anew.

  node_modules/.bin/node apps/simulator/main.ts ${simulator} &
  ${environment.join(' ')} npx --yes pnpm@12.21.0 start --data ${quoted(folder)} --accounts COPY.yaml
`;
  const comment = head.split('\n').map((line) => `# ${line}`.trimEnd());
  return `${comment.join('\n')}\n${text}`;
}

/** For a shell, and on one line. */
function quoted(path: string): string {
  return `'${path.replaceAll(`'`, `'\\''`).replaceAll('\n', '?')}'`;
}
