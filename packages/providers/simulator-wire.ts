import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AdapterName } from '@rollcall/domain';
import { testAccount, type Wire } from './wire.ts';

/** The simulator's default account of each contract. */
const simulated: Readonly<Record<AdapterName, { readonly name: string; readonly key: string }>> = {
  'tasks-v1': { name: 'ekycpro', key: 'sim-ekycpro' },
  'simple-tasks': { name: 'facebook', key: 'sim-facebook' },
  webcom: { name: 'webcom', key: 'sim-webcom' },
};

export interface SimulatorWire extends Wire {
  /** How many numbers the simulator's ledger has charged for. */
  chargedNumbers(): Promise<number>;
  /** Changes the options of the account: how this vendor differs from the page's samples. */
  patchAccount(options: Readonly<Record<string, unknown>>): Promise<void>;
}

/** The simulator as a process of its own: it wrote the wire a second time, so it is never imported. */
export async function openSimulatorWire(adapter: AdapterName): Promise<SimulatorWire> {
  const main = join(import.meta.dirname, '../../apps/simulator/main.ts');
  const child = spawn(process.execPath, [main, '--until-stdin-ends'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the simulator ended with ${code}`)));
  });
  const { url, result_url: resultUrl } = JSON.parse(line) as { url: string; result_url: string };
  const { name, key } = simulated[adapter];
  const get = async (path: string) => {
    const response = await fetch(url + path);
    return response.json();
  };

  const send = async (method: string, path: string, body: object) => {
    const response = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} refused: ${await response.text()}`);
  };

  return {
    key,
    account: testAccount({ adapter, baseUrl: url, resultHosts: [new URL(resultUrl).host] }),
    bend: (operation, bend) =>
      send('POST', '/_sim/faults', { match: { contract: adapter, operation }, action: bend }),
    patchAccount: (options) => send('PATCH', `/_sim/accounts/${name}`, options),
    async count(operation) {
      const { requests } = (await get('/_sim/requests')) as {
        requests: { operation: string; account: string; count: number }[];
      };
      return requests
        .filter((one) => one.operation === operation && one.account === name)
        .reduce((sum, one) => sum + one.count, 0);
    },
    async chargedNumbers() {
      const { charges } = (await get('/_sim/ledger')) as { charges: { numbers: number }[] };
      return charges.reduce((sum, charge) => sum + charge.numbers, 0);
    },
    async close() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
