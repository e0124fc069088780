import { buffer } from 'node:stream/consumers';
import { zstdDecompressSync } from 'node:zlib';
import { postgresBlobs, readErasure } from '@rollcall/db';
import { makeZip, rowsXml, sheetXml, workbookMembers } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { erase } from './sweeps/erase.ts';
import { type Ground, layGround } from './test-ground.ts';
import { answerAll } from './testing/answer-all.ts';
import { askToErase, eraseNumber, untilErasuresBegin } from './testing/erase-number.ts';
import { findNumber } from './testing/find-number.ts';

// Whatever intake read as a number is not in the kept upload after the number is erased, however it is written there.

let ground: Ground;
beforeAll(async () => {
  ground = await layGround({ chunkSize: 30 });
});
afterAll(() => ground.close());

async function receiptOf(erasureId: string) {
  const receipt = await readErasure(ground.db, 1, erasureId);
  expect(receipt?.doneAt).not.toBeNull();
  return receipt?.files.filter(({ kind }) => kind === 'upload');
}

test('an upload whose numbers are written as people write them is written anew, with every line', async () => {
  const [one = 0, two = 0, three = 0] = ground.fresh(3);
  const cut = (number: number, between: string) =>
    `+${String(number).slice(0, 2)}${between}${String(number).slice(2)}`;
  const upload = [cut(one, '\u2011'), cut(two, ' '.repeat(20)), cut(three, ' ')].join('\r\n');
  const job = await ground.enqueue('telegram', [one, two, three], { upload });
  await answerAll(ground, job);
  for (const number of [one, two]) {
    const [file] = (await receiptOf(await eraseNumber(ground.db, ground.equipment, number))) ?? [];
    expect(file).toMatchObject({ file: job });
    expect(file?.newSha256).not.toBeNull();
  }
  const { rows } = await ground.db.query<{ day: string }>(
    "SELECT job_day AS day FROM store.blobs WHERE id = $1 AND encoding = 'zstd'",
    [job],
  );
  const kept = await buffer(postgresBlobs(ground.db).read(job, rows[0]?.day ?? ''));
  expect(zstdDecompressSync(kept).toString()).toBe(
    `+00000${String(one).slice(2).replaceAll(/\d/g, '0')}\r\n+00${' '.repeat(20)}${'0'.repeat(String(two).length - 2)}\r\n${cut(three, ' ')}`,
  );
});

const workbook = (rows: string) =>
  makeZip(workbookMembers({ Sheet1: sheetXml(`${rowsXml([['Phone']])}${rows}`) }, {}));
const reading = { format: 'xlsx', header: ['Phone'], column: { index: 1 } };

test('a workbook is blanked where a number is in scientific form or in runs of a rich text, and removed where it cannot be', async () => {
  const numbers = ground.fresh(15);
  // A double whose last digit is a zero has no zero in the file.
  const round = numbers.find((number) => number % 10 === 0) ?? 0;
  const [rich = 0, plain = 0, referred = 0, other = 0] = numbers.filter((each) => each > round);
  const form = `${String(round)[0]}.${String(round).slice(1).replace(/0+$/, '')}E11`;
  const runs = (number: number) =>
    `<is><r><t>+${String(number).slice(0, 5)}</t></r><r><rPr><b/></rPr><t>${String(number).slice(5)}</t></r></is>`;
  const bytes = await workbook(
    `<row><c><v>${form}</v></c></row><row><c t="inlineStr">${runs(rich)}</c></row><row><c><v>${plain}</v></c></row>`,
  );
  const first = await ground.enqueue('telegram', [round, rich, plain], { upload: bytes, reading });
  const digits = String(referred).replaceAll(/\d/g, (digit) => `&#${48 + Number(digit)};`);
  const second = await ground.enqueue('telegram', [referred, other], {
    upload: await workbook(
      `<row><c t="inlineStr"><is><t>${digits}</t></is></c></row><row><c><v>${other}</v></c></row>`,
    ),
    reading,
  });
  await answerAll(ground, first);
  await answerAll(ground, second);
  for (const number of [round, rich, plain, other]) {
    const [file] = (await receiptOf(await eraseNumber(ground.db, ground.equipment, number))) ?? [];
    expect(file?.newSha256).not.toBeNull();
    expect(await findNumber(ground.db, number)).toEqual([]);
  }
  const id = await eraseNumber(ground.db, ground.equipment, referred);
  expect(await receiptOf(id)).toMatchObject([{ file: second, newSha256: null }]);
});

test('an upload that is bound to have the number and does not show it, or cannot be read, is removed', async () => {
  const [hidden = 0, broken = 0] = ground.fresh(2);
  const jobs = [
    await ground.enqueue('telegram', [hidden], { upload: 'nobody' }),
    await ground.enqueue('telegram', [broken], {
      upload: `["+${broken}"`,
      reading: { format: 'json' },
    }),
  ];
  for (const [at, number] of [hidden, broken].entries()) {
    await answerAll(ground, jobs[at] ?? '');
    const id = await eraseNumber(ground.db, ground.equipment, number);
    expect(await receiptOf(id)).toMatchObject([{ file: jobs[at], newSha256: null }]);
  }
});

test('a file that cannot be written anew holds up neither other files nor other numbers, and the erasure is not done', async () => {
  const [one = 0, two = 0] = ground.fresh(2);
  const jobs = [];
  for (const number of [one, one, two]) {
    const job = await ground.enqueue('telegram', [number]);
    await answerAll(ground, job);
    jobs.push(job);
  }
  const [first = '', second = '', third = ''] = jobs;
  // A disk that fills up while the first file is written.
  await ground.db.query(`
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF OLD.id = '${first}' THEN RAISE 'no space left on device'; END IF; RETURN OLD; END $$;
    CREATE TRIGGER refuse BEFORE DELETE ON store.blobs FOR EACH ROW EXECUTE FUNCTION public.refuse()`);
  const ids = [await askToErase(ground.db, one), await askToErase(ground.db, two)];
  await untilErasuresBegin(ground.db);
  expect(await erase(ground.equipment)).toMatchObject({ erased: 1, waiting: 1 });
  const files = async (at: number) => {
    const receipt = await readErasure(ground.db, 1, ids[at] ?? '');
    const uploads = receipt?.files.filter(({ kind }) => kind === 'upload');
    return { isDone: receipt?.doneAt !== null, files: uploads?.map(({ file }) => file) };
  };
  expect(await files(0)).toEqual({ isDone: false, files: [second] });
  expect(await files(1)).toEqual({ isDone: true, files: [third] });
  // It is said with the file that it was.
  expect(ground.logged.filter(({ event }) => event === 'erasure.failed')).toMatchObject([
    { erasure: ids[0], artifact: first },
  ]);
  await ground.db.query('DROP FUNCTION public.refuse CASCADE');
  await ground.db.query('UPDATE store.erasures SET due_at = clock_timestamp() WHERE id = $1', [
    ids[0],
  ]);
  expect(await erase(ground.equipment)).toMatchObject({ erased: 1, waiting: 0 });
  expect(await files(0)).toEqual({ isDone: true, files: [first, second].toSorted() });
  expect(await findNumber(ground.db, one)).toEqual([]);
});
