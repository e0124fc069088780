import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { copyFloor } from './ground/copy-floor.ts';
import { writeNumbers } from './ground/make-numbers.ts';
import { openGround } from './ground/open-ground.ts';
import { openSite } from './ground/open-site.ts';
import { uploadJob } from './ground/upload-job.ts';
import { startProfile } from './ground/profile.ts';
import { againstFloor } from './measurement.ts';

const bar = 2.5;

/** Upload of a clean text file to its 202, against COPY of the same numbers, sorted, into the same table. */
export const intake: Bench = {
  name: 'intake',
  about: 'upload of a clean txt, to 202, against COPY of the sorted numbers',
  async run({ numbers = 1_000_000, folder, tell }) {
    const path = join(folder, 'numbers.txt');
    await writeNumbers(path, numbers);
    await using opened = new AsyncDisposableStack();
    const ground = await openGround();
    opened.defer(() => ground.stop());
    const databaseUrl = await ground.freshDatabase();
    const site = await openSite({ databaseUrl, folder, queue: 'postgres', workers: 0 });
    opened.defer(() => site.stop());
    tell(`uploading ${numbers} numbers`);
    const profile = await startProfile(ground, site);
    const begun = performance.now();
    const job = await uploadJob(site, path, { check: 'telegram', account: 'ekycpro' });
    const seconds = (performance.now() - begun) / 1_000;
    tell(await profile());
    const { rows } = await site.db.query<{ accepted: number }>(
      'SELECT accepted FROM store.jobs WHERE id = $1',
      [job],
    );
    if (rows[0]?.accepted !== numbers)
      throw new Error(`${rows[0]?.accepted} numbers were accepted`);
    const peak_rss_mb = await site.peakRss_mb();
    const floor = await copyFloor(ground, databaseUrl, ['job_numbers'], folder);
    tell(`COPY took ${floor.processor_s.toFixed(2)} s of processor`);
    const floor_seconds = floor.seconds['job_numbers'] ?? Number.NaN;
    return [againstFloor({ name: 'intake', numbers, seconds, floor_seconds, peak_rss_mb }, bar)];
  },
};
