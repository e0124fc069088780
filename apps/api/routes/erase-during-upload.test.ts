import { claimErasures, type ErasureClaim, jobsWithNumber, seeErasures } from '@rollcall/db';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, openGround } from '../testing/ground.ts';
import { query, said } from '../testing/post-job.ts';

// An erasure that is asked for while an upload is coming in waits for it, in whichever form it comes.

let ground: Ground;
let authorization: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['admin']);
});
afterAll(() => ground.close());

const part = (name: string) => `--b\r\ncontent-disposition: form-data; name="${name}"`;
const fields = Object.entries(said).map(([name, value]) => `${part(name)}\r\n\r\n${value}\r\n`);
const file = `${fields.join('')}${part('file')}; filename="x"\r\n\r\n`;
const forms: readonly (readonly [
  form: string,
  contentType: string,
  parts: (numbers: string) => readonly [string, string],
])[] = [
  ['file', 'text/csv', (numbers) => [`${numbers}\n`, '+447911199999\n']],
  [
    'JSON array',
    'application/json',
    (numbers) => [
      `${JSON.stringify(said).slice(0, -1)},"numbers":[${JSON.stringify(numbers.split('\n')).slice(1, -1)},`,
      '"+447911199999"]}',
    ],
  ],
  [
    'form',
    'multipart/form-data; boundary=b',
    (numbers) => [`${file}${numbers}\n`, '+447911199999\r\n--b--\r\n'],
  ],
];

/** What a sweep does first. */
async function claimed(): Promise<readonly ErasureClaim[]> {
  await ground.database.transaction('test', seeErasures);
  return ground.database.transaction('test', (tx) => claimErasures(tx, 600_000, 1));
}

const openIntakes = async (): Promise<number> =>
  (await ground.database.query('SELECT FROM store.intakes')).rowCount ?? 0;

test.each(forms)('a %s', async (form, contentType, parts) => {
  const first = 447_911_100_000 + forms.findIndex(([each]) => each === form) * 1_000;
  const numbers = Array.from({ length: 30 }, (_, index) => first + index);
  const [begin, rest] = parts(numbers.map((number) => `+${number}`).join('\n'));
  let finish: () => void = () => undefined;
  const body = new ReadableStream({
    start(controller) {
      const write = (text: string) => controller.enqueue(new TextEncoder().encode(text));
      write(begin);
      finish = () => {
        write(rest);
        controller.close();
      };
    },
  });
  const search = form === 'file' ? query.toString() : '';
  const posted = fetch(`${ground.url}/v1/jobs?${search}`, {
    method: 'POST',
    headers: { authorization, 'content-type': contentType },
    body,
    duplex: 'half',
  });
  await waitFor(async () => (await openIntakes()) === 1, { describe: 'the upload to begin' });
  const asked = await fetch(`${ground.url}/v1/erasures`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ number: `+${numbers[3]}`, reason: 'Art. 17', requested_by: 'ana' }),
  });
  expect(asked.status).toBe(202);
  await waitFor(
    async () => {
      expect(await claimed()).toEqual([]);
      const { rowCount } = await ground.database.query(
        'SELECT FROM store.erasures WHERE due_at IS NOT NULL AND (pg_snapshot_xmin(pg_current_snapshot()) > seen_in) IS NOT TRUE',
      );
      return rowCount === 0;
    },
    { timeoutMs: 60_000, describe: 'nobody but the upload to be left' },
  );
  expect(await claimed()).toEqual([]);
  finish();
  expect((await posted).status).toBe(202);
  expect(await openIntakes()).toBe(0);
  const erasure = await waitFor(async () => (await claimed())[0], {
    timeoutMs: 60_000,
    describe: 'the erasure to begin',
  });
  expect(await jobsWithNumber(ground.database, erasure)).toHaveLength(1);
});

test('of an upload that is refused, or was made before, nothing is left to wait for', async () => {
  const post = (body: object) =>
    fetch(`${ground.url}/v1/jobs`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', 'idempotency-key': 'once' },
      body: JSON.stringify({ ...said, ...body }),
    });
  const numbers = Array.from({ length: 30 }, (_, index) => `+${447_911_150_000 + index}`);
  for (const [body, status] of [
    [{ numbers: ['nobody'] }, 422],
    [{ check: 'nothing', numbers }, 422],
    [{ numbers }, 202],
    [{ numbers }, 202],
    [{ numbers: numbers.slice(1) }, 422],
  ] as const) {
    expect((await post(body)).status).toBe(status);
    expect(await openIntakes()).toBe(0);
  }
});
