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

  return {
    key,
    account: testAccount({ adapter, baseUrl: url, resultHosts: [new URL(resultUrl).host] }),
    async bend(operation, bend) {
      const response = await fetch(`${url}/_sim/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ match: { contract: adapter, operation }, action: bend }),
      });
      if (!response.ok) throw new Error(`fault refused: ${await response.text()}`);
    },
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
