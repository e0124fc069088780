import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Programs of Linux (util-linux) that shut a process in before it begins; each replaces itself by the next, so that the process id stays. */
const walls: readonly (readonly string[])[] = [
  // Its own network, which has no interface that is up. In containers that may not make one, the process is left with what Node takes from it.
  ['unshare', '--map-root-user', '--net'],
  // Killed by the kernel when whoever started it is, however busy it is then.
  ['setpriv', '--pdeathsig', 'KILL'],
];

let found: Promise<readonly string[]> | null = null;

/** Those of the walls that this machine lets us have, as the beginning of a command; looked for once per process. */
export function wallsOfThisMachine(): Promise<readonly string[]> {
  found ??= look();
  return found;
}

async function look(): Promise<readonly string[]> {
  const usable: string[] = [];
  for (const wall of walls) {
    const [file, ...rest] = [...usable, ...wall, 'true'] as const;
    const works = await run(file, rest, { env: {} }).then(
      () => true,
      () => false,
    );
    if (works) usable.push(...wall);
  }
  return usable;
}
