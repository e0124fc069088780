import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@rollcall/testing';
import { accountsText, type Json } from './ground.ts';

export interface RunningApi {
  readonly url: string;
  readonly processId: number | undefined;
  /** What was written to standard output, each line parsed: everything is a log line. */
  lines(): Json[];
  /** Ends the process with this signal, and says with which code it ended. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
  /** Closes its standard input. */
  endInput(): void;
  readonly ended: Promise<number | null>;
}

/**
 * Starts main.ts as a process of its own, on a free port, and waits until it listens. `shell` runs before it in the same shell, for limits:
 * `ulimit -f 64`.
 */
export async function runApi(
  env: Readonly<Record<string, string>>,
  options: { readonly shell?: string } = {},
): Promise<RunningApi> {
  const api = await spawnApi(env, options);
  const listening = await waitFor(
    () => api.lines().find((line) => line.event === 'http.listening') ?? api.code() !== undefined,
    { timeoutMs: 60_000, describe: 'the api to listen' },
  );
  if (listening === true) throw new Error(`the api ended: ${JSON.stringify(api.lines())}`);
  return { ...api, url: `http://127.0.0.1:${listening.port}` };
}

/** The same without waiting: for a start that fails. */
export async function spawnApi(
  env: Readonly<Record<string, string>>,
  { shell }: { readonly shell?: string } = {},
) {
  const directory = await mkdtemp(join(tmpdir(), 'api-'));
  const accountsFile = join(directory, 'accounts.yaml');
  await writeFile(accountsFile, accountsText);
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const command = [process.execPath, main, '--until-stdin-ends'];
  const [file = '', ...rest] =
    shell === undefined ? command : ['/bin/sh', '-c', `${shell}; exec "$@"`, 'sh', ...command];
  const child = spawn(file, rest, {
    env: { ROLLCALL_PORT: '0', ROLLCALL_ACCOUNTS_FILE: accountsFile, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  let code: number | null | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'exit').then(async ([exitCode]) => {
    code = exitCode as number | null;
    await rm(directory, { recursive: true });
    return code;
  });
  return {
    processId: child.pid,
    code: () => code,
    ended,
    lines: () =>
      output
        .split('\n')
        .slice(0, -1)
        .map((line): Json => JSON.parse(line)),
    endInput: () => child.stdin.end(),
    stop(signal: NodeJS.Signals) {
      child.kill(signal);
      return ended;
    },
  };
}
