import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareResultReaders } from '@rollcall/results';
import { expect, onTestFinished, test } from 'vitest';
import { copyFloor } from './ground/copy-floor.ts';
import { writeNumbers } from './ground/make-numbers.ts';
import { openGround } from './ground/open-ground.ts';
import { openSite } from './ground/open-site.ts';
import { readApart, resultFiles } from './ground/result-files.ts';
import { answerWithCsv, countRows, untilClosed } from './ground/until-closed.ts';
import { uploadJob } from './ground/upload-job.ts';
import { median } from './measurement.ts';
import { recordedRatios } from './recorded-ratios.ts';

// Finds what has become grossly dearer, where nobody runs the benches. In processor time, product and floor in the same run: machines of CI are slow and busy,
// and by their clock nothing can be told.

/** Twice is no noise, and no machine. */
const gross = 2;
const cannotTell = process.platform !== 'linux';
const why = 'only Linux tells';

test.for(resultFiles)(
  'reading a $name takes less than twice the processor time that it took, against looking at bytes',
  async ({ name, options, make }, { skip }) => {
    skip(cannotTell, why);
    const rows = 200_000;
    const path = join(await scratch(), name);
    await writeFile(path, await make(rows));
    await prepareResultReaders();
    const reads: number[] = [];
    for (let read = 0; read < 3; read += 1)
      reads.push((await readApart(path, options, rows)).processor_s);
    expectNear(name, median(reads), lookAtBytes_s(await readFile(path)));
  },
);

test('a job takes less than twice the processor time that it took, from upload to last row, against COPY of its rows', async ({
  skip,
}) => {
  skip(cannotTell, why);
  const numbers = 100_000;
  const folder = await scratch();
  const path = join(folder, 'numbers.txt');
  await writeNumbers(path, numbers);
  const ground = await openGround();
  onTestFinished(() => ground.stop());
  const databaseUrl = await ground.freshDatabase();
  const site = await openSite({ databaseUrl, folder, queue: 'postgres', workers: 1 });
  let processor_s: number;
  try {
    await answerWithCsv(site);
    const look = async () =>
      Object.values(await site.processorTime_s()).reduce(
        (sum, each) => sum + each,
        await ground.processorTime_s(),
      );
    const before = await look();
    const job = await uploadJob(site, path, { check: 'telegram', account: 'ekycpro' });
    await untilClosed(site, job);
    processor_s = (await look()) - before;
    await countRows(site, job, numbers);
  } finally {
    await site.stop();
  }
  const floor = await copyFloor(ground, databaseUrl, ['job_numbers', 'results'], folder);
  expectNear('pipeline', processor_s, floor.processor_s);
}, 300_000);

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-guard-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  // Servers run as another account when we are root, which must be able to walk here.
  await chmod(folder, 0o711);
  return folder;
}

function expectNear(name: keyof typeof recordedRatios, product_s: number, floor_s: number): void {
  const ratio = product_s / floor_s;
  process.stdout.write(
    `${name}: ${ratio.toFixed(2)} × its floor (${floor_s.toFixed(2)} s of processor)\n`,
  );
  expect(ratio, `${name}, in processor time`).toBeLessThan(recordedRatios[name] * gross);
}

/** Processor time of looking at so many bytes, one by one; those of the file over and over. */
function lookAtBytes_s(bytes: Buffer): number {
  const looked = 100_000_000;
  const before = process.cpuUsage();
  let lines = 0;
  for (let at = 0; at < looked; at += 1) if (bytes[at % bytes.length] === 0x0a) lines += 1;
  const { user, system } = process.cpuUsage(before);
  if (lines < 0) throw new Error('there are no lines');
  return (user + system) / 1_000_000;
}
