import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulatedAccounts } from '@rollcall/config';
import { startSimulator, type TestSimulator, waitFor } from '@rollcall/testing';
import { type Ground, type Json, openGround } from './ground.ts';

/** The simulator's charges, as its control API tells them. */
export interface Charges {
  readonly uploads: number;
  readonly numbers: number;
}

export interface LiveGround extends Ground {
  readonly simulator: TestSimulator;
  /** Starts a worker as a process of its own: apps import no apps. */
  startWorker(): Promise<LiveWorker>;
  /** What the account was charged so far. */
  charges(account: string): Promise<Charges>;
  /** The job, once it is in one of these states. */
  untilState(jobId: string, states: readonly string[]): Promise<Json>;
}

export interface LiveWorker {
  /** As a machine dies: nothing is finished. */
  kill(): Promise<void>;
}

const program = join(import.meta.dirname, '../../worker/main.ts');

/** An API on the simulator's accounts, and workers as processes. `change` edits the accounts file's text. */
export async function openLiveGround({
  chunkSize,
  change = (text) => text,
}: {
  readonly chunkSize: number;
  readonly change?: (text: string) => string;
}): Promise<LiveGround> {
  const simulator = await startSimulator();
  const accounts = await simulatedAccounts({ ...simulator, chunkSize });
  const accountsText = change(accounts.text);
  const ground = await openGround({ accountsText });
  const directory = await mkdtemp(join(tmpdir(), 'live-'));
  const accountsFile = join(directory, 'accounts.yaml');
  await writeFile(accountsFile, accountsText);
  const workers = new Set<LiveWorker>();
  const reader = await ground.bearer(['jobs:read']);

  async function startWorker(): Promise<LiveWorker> {
    const child = spawn(process.execPath, [program, '--until-stdin-ends'], {
      env: {
        DATABASE_URL: ground.databaseUrl,
        ROLLCALL_QUEUE_PREFIX: ground.queuePrefix,
        ROLLCALL_ACCOUNTS_FILE: accountsFile,
        ROLLCALL_RESCUE_INTERVAL_MS: '1000',
        ...accounts.keys,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const ended = once(child, 'exit');
    const worker: LiveWorker = {
      async kill() {
        workers.delete(worker);
        child.kill('SIGKILL');
        await ended;
      },
    };
    workers.add(worker);
    await waitFor(() => output.includes('"worker.started"') || child.exitCode !== null, {
      timeoutMs: 60_000,
      describe: 'the worker to start',
    });
    if (child.exitCode !== null) throw new Error(`the worker ended: ${output}`);
    return worker;
  }

  return {
    ...ground,
    simulator,
    startWorker,
    async charges(account) {
      const { charges } = (await simulator.control('GET', `ledger?account=${account}`)) as {
        readonly charges: readonly { readonly numbers: number }[];
      };
      return {
        uploads: charges.length,
        numbers: charges.reduce((sum, charge) => sum + charge.numbers, 0),
      };
    },
    untilState: (jobId, states) =>
      waitFor(
        async () => {
          const response = await fetch(`${ground.url}/v1/jobs/${jobId}`, {
            headers: { authorization: reader },
          });
          const job = (await response.json()) as Json;
          return states.includes(job.state) ? job : null;
        },
        { timeoutMs: 60_000, describe: `job ${jobId} to be ${states.join(' or ')}` },
      ),
    async close() {
      await Promise.all([...workers].map((worker) => worker.kill()));
      await ground.close();
      await simulator.stop();
      await rm(directory, { recursive: true });
    },
  };
}
