import { buildSimulator, type Simulator, type SimulatorOptions } from '../app.ts';

// A test looks into foreign JSON as a client would; what it finds there is what it asserts.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

/** A running simulator of one test, with what its tests say over HTTP. Keys are the default accounts' (`sim-<name>`). */
export interface Ground {
  url: string;
  simulator: Simulator;
  /** Uploads numbers in the contract of the account. */
  create(account: string, numbers: readonly string[], taskType?: string): Promise<Response>;
  /** Asks for a task's status; webcom gets its own form. */
  status(account: string, taskId: string | number): Promise<Response>;
  /** Calls the control API and parses its JSON. */
  control(method: string, path: string, body?: unknown): Promise<Json>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a simulator on free ports; `await using` stops it. */
export async function openGround(options: SimulatorOptions = {}): Promise<Ground> {
  const simulator = buildSimulator(options);
  const { url } = await simulator.start();
  return {
    url,
    simulator,
    create(account, numbers, taskType) {
      const form = new FormData();
      const isWebcom = account === 'webcom';
      const list = new Blob([numbers.map((number) => `${number}\n`).join('')]);
      form.append(isWebcom ? 'phones_file' : 'file', list, 'numbers.txt');
      if (taskType !== undefined) form.append(isWebcom ? 'type' : 'task_type', taskType);
      return fetch(`${url}${createPath(account)}`, {
        method: 'POST',
        headers: keyOf(account),
        body: form,
      });
    },
    status(account, taskId) {
      const headers = keyOf(account);
      if (account === 'facebook') {
        return fetch(`${url}/fb/api/simple/tasks/${taskId}`, { headers });
      }
      const isWebcom = account === 'webcom';
      const body = new URLSearchParams(
        isWebcom ? { ids: `[${taskId}]` } : { task_id: String(taskId) },
      );
      const path = isWebcom ? '/api/checking/get-status' : '/v1/gettasks';
      return fetch(`${url}${path}`, { method: 'POST', headers, body });
    },
    async control(method, path, body) {
      const response = await fetch(`${url}/_sim/${path}`, {
        method,
        ...(body !== undefined && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

/** The header that opens a default account. */
export function keyOf(account: string): Record<string, string> {
  const key = `sim-${account}`;
  return account === 'webcom' ? { authorization: `Bearer ${key}` } : { 'x-api-key': key };
}

/** `count` valid numbers in a row, with `+`. */
export function someNumbers(count: number, first = 447_911_000_000): string[] {
  return Array.from({ length: count }, (_unused, index) => `+${first + index}`);
}

/** The JSON of an answer that must have this status. */
export async function jsonOf(response: Response | Promise<Response>, status = 200): Promise<Json> {
  const { status: actual, headers } = await response;
  const text = await (await response).text();
  if (actual !== status) throw new Error(`expected ${status}, got ${actual}: ${text}`);
  if (!headers.get('content-type')?.startsWith('application/json')) throw new Error('not JSON');
  return JSON.parse(text);
}

/** Polls until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function createPath(account: string): string {
  if (account === 'webcom') return '/api/checking/create';
  return account === 'facebook' ? '/fb/api/simple/tasks' : '/v1/tasks';
}
