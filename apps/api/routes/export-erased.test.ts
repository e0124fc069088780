import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  askErasure,
  claimErasures,
  type ErasureClaim,
  eraseFromJob,
  filesToLookThrough,
  finishErasure,
  jobsWithNumber,
  postgresBlobs,
  removeSuppressions,
  replaceFile,
  seeErasures,
} from '@rollcall/db';
import { makeId } from '@rollcall/domain';
import { blankFile, spellingsOfNumber } from '@rollcall/privacy';
import { openNamelessFile } from '@rollcall/spreadsheets';
import { makeXlsx, waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerJob } from '../testing/answer-job.ts';
import { exportOf } from '../testing/export-of.ts';
import { type Ground, openGround } from '../testing/ground.ts';
import { posterTo, query } from '../testing/post-job.ts';
import { testDigests } from '../testing/test-digests.ts';

// The export of a job after a number of it was erased, by what a worker does to its rows and to its file.

let ground: Ground;
let authorization: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['results:read', 'jobs:write']);
});
afterAll(() => ground.close());

/** Takes the number out of the rows of its jobs. */
async function eraseRows(number: number): Promise<ErasureClaim> {
  const { database } = ground;
  const wish = {
    id: makeId('erasure', Date.now(), randomBytes(10)),
    tenantId: 1,
    number,
    askedBy: 'key_1 (privacy)',
    requestedBy: 'ana',
    reason: 'Art. 17',
  };
  await database.transaction('test', (tx) => askErasure(tx, wish, testDigests));
  // The next upload has it again, and is to send it.
  await database.transaction('test', (tx) =>
    removeSuppressions(tx, 1, [number], testDigests, { endsErasures: true }),
  );
  await database.transaction('test', seeErasures);
  const erasure = await waitFor(
    async () => (await database.transaction('test', (tx) => claimErasures(tx, 600_000, 1)))[0],
    // It waits for whoever writes anywhere in Postgres, which other tests share.
    { timeoutMs: 60_000, describe: 'the erasure to be due' },
  );
  for (const job of await jobsWithNumber(database, erasure)) {
    await database.transaction('test', (tx) => eraseFromJob(tx, erasure, job));
  }
  return erasure;
}

/** Writes the upload of a job anew without it. */
async function eraseFile(erasure: ErasureClaim, jobId: string, isJson: boolean): Promise<void> {
  const { database } = ground;
  const files = await filesToLookThrough(database, erasure.tenantId, [erasure.id], '', 100);
  const file = files.find(({ id }) => id === jobId);
  if (!file) throw new Error('the upload is not there');
  const pieces: Uint8Array[] = [];
  for await (const piece of postgresBlobs(database).read(file.id, file.jobDay)) pieces.push(piece);
  const packed = Buffer.concat(pieces);
  const kept = await openNamelessFile(tmpdir());
  await kept.appendFile(file.encoding === 'zstd' ? zstdDecompressSync(packed) : packed);
  const spellings = spellingsOfNumber(erasure.number, '44');
  const isErased = (digits: string) => spellings.has(digits);
  const blanked = await blankFile(kept, { isErased, isJson, temporaryDirectory: tmpdir() });
  await kept.close();
  if (blanked.kind !== 'blanked') throw new Error(`the upload is ${blanked.kind}`);
  const bytes = await buffer(blanked.file.createReadStream({ start: 0, autoClose: false }));
  await blanked.file.close();
  const made = {
    bytes: {
      async *[Symbol.asyncIterator]() {
        yield blanked.isArchive ? bytes : zstdCompressSync(bytes);
      },
    },
    encoding: blanked.isArchive ? ('identity' as const) : ('zstd' as const),
    sha256: createHash('sha256').update(bytes).digest(),
    byteCount: bytes.length,
  };
  expect(
    await database.transaction('test', (tx) =>
      replaceFile(tx, file, [erasure.id], made, testDigests),
    ),
  ).toBe(true);
}

const uploads: readonly (readonly [
  string,
  string,
  () => Promise<string | Uint8Array<ArrayBuffer>>,
])[] = [
  [
    'csv',
    'text/csv',
    async () => 'name,phone\nZoe,+447911123458\nBob,12\nAda,+44 7911 123456\nEve,+447911123458\n',
  ],
  [
    'json',
    'application/octet-stream',
    async () => '["+447911123458", "12", 447911123456, "+447911123458"]',
  ],
  [
    'xlsx',
    'application/octet-stream',
    async () =>
      Buffer.from(
        await makeXlsx([
          ['phone'],
          ['+447911123458'],
          ['12'],
          [447_911_123_456],
          ['+447911123458'],
        ]),
      ),
  ],
];

test.each(uploads)(
  'a line of a %s whose number was erased says so, and every other line is as it was',
  async (format, type, make) => {
    const stored = await posterTo(ground, authorization).post(
      await make(),
      { 'content-type': type },
      new URLSearchParams(Object.fromEntries(query)),
    );
    expect(stored.response.status).toBe(202);
    await answerJob(ground.database, stored.body.id, () => ({ outcome: 'registered' }));
    const linesOf = async () => {
      const exported = await exportOf(
        ground,
        authorization,
        stored.body.id,
        'shape=upload&format=ndjson',
      );
      return exported.objects();
    };
    const before = await linesOf();
    expect(before).toHaveLength(4);
    const erasure = await eraseRows(447_911_123_456);
    // While its file has it still, and when it has it no more.
    for (const isRewritten of [false, true]) {
      if (isRewritten) await eraseFile(erasure, stored.body.id, format === 'json');
      const after = await linesOf();
      expect(JSON.stringify(after)).not.toContain('7911123456');
      expect(after[2]).toMatchObject({
        rollcall_line: 3,
        rollcall_status: 'accepted',
        rollcall_number: null,
        rollcall_outcome: 'erased',
      });
      expect(after.filter((_, at) => at !== 2)).toEqual(before.filter((_, at) => at !== 2));
    }
    // The next upload's erasure is one of its own.
    expect(await ground.database.transaction('test', (tx) => finishErasure(tx, erasure))).toBe(
      true,
    );
    const results = await exportOf(ground, authorization, stored.body.id, 'format=csv');
    expect(results.text.trim().split('\r\n')).toHaveLength(2);
  },
);

test('lines that repeated an erased number are duplicates still, as the counts of the job say', async () => {
  const stored = await posterTo(ground, authorization).post(
    'phone\n+447911123477\n+447911123478\n+44 7911 123477\n07911123477\n+447911123477\n',
    { 'content-type': 'text/csv' },
    new URLSearchParams({ ...Object.fromEntries(query), default_region: 'GB' }),
  );
  expect(stored.body.counts).toMatchObject({ accepted: 2, duplicates: 3 });
  await answerJob(ground.database, stored.body.id, () => ({ outcome: 'registered' }));
  const erasure = await eraseRows(447_911_123_477);
  const exported = await exportOf(
    ground,
    authorization,
    stored.body.id,
    'shape=upload&format=ndjson',
  );
  const lines = exported.objects();
  expect(lines.map((line) => [line['rollcall_status'], line['rollcall_outcome']])).toEqual([
    ['accepted', 'erased'],
    ['accepted', 'registered'],
    ['duplicate', 'erased'],
    ['duplicate', 'erased'],
    ['duplicate', 'erased'],
  ]);
  await ground.database.transaction('test', (tx) => finishErasure(tx, erasure));
});
