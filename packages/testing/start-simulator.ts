import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

// Not imported, nobody imports an app: run as a process and spoken to over HTTP, like the providers that it plays.
const PROGRAM = join(import.meta.dirname, '../../apps/simulator/main.ts');

export type SimulatorOptions = {
  /** Path of a JSON file with the accounts, in place of the simulator's own (whose keys are `sim-<name>`). */
  accountsFile?: string;
  /** How long a task takes: base + per number. 0: it is ready at the first status call. */
  processingMsBase?: number;
  processingMsPerNumber?: number;
  /** Lifetime of a result URL, 3,600 when absent. */
  resultUrlExpiresSeconds?: number;
};

export type TestSimulator = {
  /** Base URL of the provider contracts and of the control API, `http://127.0.0.1:<port>`. */
  url: string;
  /** Origin of the result URLs, on another port. */
  resultUrl: string;
  /**
   * Calls the control API: `control('GET', 'ledger')`, `control('POST', 'faults', {…})`. Gives the parsed JSON, undefined
   * for an empty answer; throws for a status of 400 and above. Parse what it gives as anything else from outside.
   */
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  /** May be called again. */
  stop(): Promise<void>;
};

/** Starts a simulator of its own for a test file, on free ports. It ends with us, also when we are killed. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<TestSimulator> {
  const child = spawn(process.execPath, [PROGRAM, '--until-stdin-ends', ...asFlags(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), exited]);
  if (typeof line[0] !== 'string') throw new Error(`The simulator ended at its start: ${line[0]}.`);
  const { url, result_url: resultUrl } = JSON.parse(line[0]) as { url: string; result_url: string };
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await exited;
  };
  return { url, resultUrl, control: (...call) => control(url, ...call), stop };
}

function asFlags(options: SimulatorOptions): string[] {
  const flags = {
    accounts: options.accountsFile,
    'processing-ms-base': options.processingMsBase,
    'processing-ms-per-number': options.processingMsPerNumber,
    'result-url-expires-seconds': options.resultUrlExpiresSeconds,
  };
  return Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
}

async function control(
  url: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(`${url}/_sim/${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} /_sim/${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
