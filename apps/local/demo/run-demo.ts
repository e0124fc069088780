import { setImmediate as breathe, setTimeout as delay } from 'node:timers/promises';
import { apiClient } from '../api-client.ts';
import { readLogTail } from '../log-file.ts';
import { type Installation, startInstallation } from '../start-installation.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { demoChecks, titleOf } from './checks.ts';
import { compare } from './compare.ts';
import { DemoFailed } from './demo-failed.ts';
import { makeNumbers } from './make-numbers.ts';
import { type DemoUpload, makeUpload } from './make-upload.ts';
import { renderTable } from './render-table.ts';
import { scanForNumbers } from './scan-for-numbers.ts';
import { seededRandom } from './seeded-random.ts';
import { progressDisplay } from './show-progress.ts';
import { simulatorControl } from './simulator-control.ts';
import { ask, exampleQuery, summarise } from './summarise.ts';
import { watchJobs } from './watch-jobs.ts';

/** Uploads small enough that each check takes several, and large enough that none is trivial. */
const chunkSize = 5_000;
/** Simulated providers that take about a second for an upload, so that there is something to poll for. */
const processing = { processingBase_ms: 300, processingPerNumber_ms: 0.1 };
const seed = 20_260_801;

/** The whole takes about 20 s on two cores; what takes that long is stuck. */
const limit_ms = 300_000;

/**
 * The main job, whole: seven jobs at three provider contracts, from uploads to rows, then each row held against the truth.
 * What it starts is on `opened`. Returns the last line; throws DemoFailed, with the end of the log concerned, where something is not
 * as it should be.
 */
export async function runDemo(
  opened: AsyncDisposableStack,
  numbersPerCheck: number,
  output: NodeJS.WriteStream,
): Promise<string> {
  output.write('Starting Postgres, simulated providers, API and worker …\n');
  const starting = startInstallation(
    opened,
    {
      folder: await temporaryFolder(opened),
      keepsData: false,
      sayRestarts: null,
      redis: false,
      host: '127.0.0.1',
      port: 0,
      providers: { simulated: { ...processing, chunkSize } },
      keyName: 'demo',
    },
    () => undefined,
  );
  // Numbers are made while the servers come up.
  const [installation, uploads] = await Promise.all([starting, makeUploads(numbersPerCheck)]);
  const ended = new AbortController();
  const late = delay(limit_ms, undefined, { signal: ended.signal });
  late.catch(() => undefined);
  try {
    return await Promise.race([
      checkAll(opened, installation, uploads, output),
      installation.lost.then(({ child, how }): never => {
        throw new DemoFailed(`the ${child.name} ended by itself (${how})`, child.name);
      }),
      late.then((): never => {
        throw new DemoFailed(`it was not done after ${limit_ms / 1_000} s`, 'worker');
      }),
    ]);
  } catch (error) {
    const blamed = error instanceof DemoFailed ? error.blames : 'api';
    const log = installation.children.find(({ name }) => name === blamed)?.logPath ?? '';
    const message = error instanceof Error ? error.message : String(error);
    throw new DemoFailed(
      `${message}\nThe log of the ${blamed} ends:\n${await readLogTail(log)}`,
      blamed,
    );
  } finally {
    ended.abort();
  }
}

async function checkAll(
  opened: AsyncDisposableStack,
  installation: Installation,
  uploads: readonly DemoUpload[],
  output: NodeJS.WriteStream,
): Promise<string> {
  const { database } = installation;
  const api = apiClient(installation.apiUrl, installation.apiKey);
  const simulator = simulatorControl(installation.simulator?.url ?? '');
  const say = (line: string) => output.write(`${line}\n`);

  say(`Sending ${demoChecks.length} jobs to ${installation.apiUrl}, all at once …`);
  const jobs = await Promise.all(
    demoChecks.map(async (check, index) => {
      const upload = uploads[index] as DemoUpload;
      const id = await api.createJob(upload.request);
      say(`  ${titleOf(check)}: ${upload.expected.lines} lines as ${check.form}`);
      return { id, check, upload };
    }),
  );

  const display = progressDisplay(output);
  opened.defer(async () => display.end());
  await watchJobs(api, new Map(jobs.map(({ id, check }) => [id, titleOf(check)])), display);
  display.end();

  say('Comparing every row with the truth and with what was charged …');
  const charges = await simulator.charges();
  const compared = await Promise.all(
    jobs.map(async (job) =>
      compare(job, await api.rejectReasons(job.id), database, simulator, charges),
    ),
  );
  const paidTwice = await simulator.paidTwice();
  say(`\n${renderTable(await summarise(database, jobs))}\n`);
  say(`${exampleQuery};\n`);
  say(`${renderTable(await ask(database, exampleQuery))}\n`);

  const problems = jobs.flatMap(({ check }, index) =>
    (compared[index]?.problems ?? []).map((problem) => `${titleOf(check)}: ${problem}`),
  );
  if (paidTwice !== 0) problems.push(`numbers paid for twice: ${paidTwice}`);
  if (problems.length > 0) throw new DemoFailed(problems.join('\n  '), 'worker');
  const numbers = new Set(jobs.flatMap(({ upload }) => upload.expected.numbers));
  say('Searching what the processes wrote, the queue and the metrics for numbers …\n');
  say(`${await scanForNumbers(installation, await temporaryFolder(opened), numbers)}\n`);
  const total = (count: (each: (typeof compared)[number]) => number) =>
    compared.reduce((sum, each) => sum + count(each), 0);
  return (
    `demo ok: ${jobs.length} checks, ${total((each) => each.numbers)} numbers, ${total((each) => each.rows)} rows, ` +
    `${total((each) => each.mismatches)} mismatches, ${paidTwice} paid twice`
  );
}

/** An upload per check, of numbers from one pool: each check has its own part of it, about as many as asked for. */
async function makeUploads(numbersPerCheck: number): Promise<DemoUpload[]> {
  const random = seededRandom(seed);
  const pool = makeNumbers(Math.ceil(numbersPerCheck * 1.03), random);
  const uploads: DemoUpload[] = [];
  for (const [index, { check, account, form }] of demoChecks.entries()) {
    // The servers are starting meanwhile, and somebody has to notice.
    await breathe();
    const skipped = Math.floor((index * numbersPerCheck) / 200);
    const options = { check, account, purpose: 'demonstration', requested_by: 'demo' };
    uploads.push(
      makeUpload(form, options, pool.slice(skipped, skipped + numbersPerCheck - index), random),
    );
  }
  return uploads;
}
