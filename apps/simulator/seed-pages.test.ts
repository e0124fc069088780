import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Ground, jsonOf, keyOf, openGround, someNumbers } from './testing/ground.ts';

const run = promisify(execFile);

/** The seed pages of the curl vendors, and the account that stands for each. */
const pages = [
  { page: 'ekycpro-telegram', account: 'ekycpro' },
  { page: 'ekycpro-coinw', account: 'ekycpro' },
  { page: 'checknumber-twitter', account: 'checknumber' },
  { page: 'ekycpro-facebook', account: 'facebook' },
] as const;

async function seed(page: string): Promise<string> {
  return readFile(join(import.meta.dirname, 'fixtures', `seed-${page}.txt`), 'utf8');
}

/** Every curl command of a page as it is written there, line breaks and odd backslashes included. */
function curlCommands(text: string): string[] {
  return text.match(/curl --location '[^']*'(?:\s*\\\s*--(?:header|form) '[^']*')*/g) ?? [];
}

/** Every JSON object that a page shows. */
function samples(text: string): Record<string, unknown>[] {
  return (text.match(/\{[^{}]*\}/g) ?? []).map((sample) => JSON.parse(sample));
}

/** Runs a page's command verbatim but for host, key and task id, in a folder that holds the files that it names. */
async function runCurl(
  command: string,
  ground: Ground,
  account: string,
  taskId: string,
): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-seed-'));
  try {
    for (const name of ['number.txt', 'input.txt']) {
      await writeFile(join(folder, name), `${someNumbers(200).join('\n')}\n`);
    }
    const replaced = command
      .replace(/https:\/\/api\.(ekycpro\.com|checknumber\.ai)/, ground.url)
      .replace('API-KEY', `sim-${account}`)
      .replace(/"task_id"'|cs9viu7i61pkfs4oavvg/, (id) => id.replace(/task_id|cs9.*/, taskId));
    const environment = { ...process.env, no_proxy: '*' };
    const { stdout } = await run('sh', ['-c', replaced], { cwd: folder, env: environment });
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** In CI curl is required: there, lines that nobody ran would pass as ones that work. */
const withoutCurl =
  !process.env['CI'] &&
  (await run('curl', ['--version']).then(
    () => false,
    () => true,
  ));

test.skipIf(withoutCurl).for(pages)(
  'the curl lines of $page work verbatim with only host, key, task id and file provided',
  async ({ page, account }) => {
    await using ground = await openGround();
    const commands = curlCommands(await seed(page));
    expect(commands).toHaveLength(2);
    const created = await runCurl(commands[0] ?? '', ground, account, '');
    expect(created['status']).toBe('pending');
    const taskId = String(created['task_id']);
    const first = await runCurl(commands[1] ?? '', ground, account, taskId);
    const asked =
      first['status'] === 'completed'
        ? await runCurl(commands[1] ?? '', ground, account, taskId)
        : first;
    expect(asked).toMatchObject({ task_id: taskId, status: 'exported', total: 200 });
    const { charges } = await ground.control('GET', 'ledger');
    expect(charges).toMatchObject([{ task_id: taskId, account, numbers: 200 }]);
  },
);

test.for(pages)(
  'answers have the fields, order and types of the samples of $page',
  async ({ page, account }) => {
    const shown = samples(await seed(page));
    expect(shown).toHaveLength(3);
    let nowMs = 1_763_740_688_916;
    await using ground = await openGround({ now: () => nowMs, processing_ms_base: 1_000 });
    const taskType = {
      'ekycpro-telegram': 'tg',
      'ekycpro-coinw': 'coinW',
      'checknumber-twitter': 'Twitter',
    };
    const type = page === 'ekycpro-facebook' ? undefined : taskType[page];
    // The pages predate `estimated_amount` and `actual_amount`.
    if (account === 'checknumber') {
      await ground.control('PATCH', 'accounts/checknumber', { reports_amounts: false });
    }
    const answers: Record<string, unknown>[] = [];
    const created = await jsonOf(
      ground.create(account, someNumbers(100), type),
      account === 'checknumber' ? 202 : 200,
    );
    answers.push(created);
    for (const laterMs of [500, 1_000, 1_001]) {
      nowMs = 1_763_740_688_916 + laterMs;
      answers.push(await jsonOf(ground.status(account, created.task_id)));
    }
    const byStatus = new Map(answers.map((answer) => [answer['status'], answer]));
    for (const sample of shown) {
      const answer = byStatus.get(sample['status']) ?? {};
      expect(Object.keys(answer)).toEqual(Object.keys(sample));
      for (const [field, value] of Object.entries(sample)) {
        expect(typeof answer[field], field).toBe(typeof value);
      }
    }
  },
);

test("Webcom's Python samples work in the forms that requests puts on the wire", async () => {
  const [create = '', getStatus = '', getFile = ''] = (await seed('webcom')).split(
    /(?=import requests)/,
  );
  await using ground = await openGround();
  const urlOf = (sample: string) =>
    (/"(https:[^"]+)"/.exec(sample)?.[1] ?? '').replace('https://msg.webcom.mobi', ground.url);

  // requests writes the data fields first, then the file, and no Content-Type on fields.
  const [, fileField, fileName, fileType] =
    /\('(\w+)', \('([\w.]+)', open\([^)]*\), '([\w/]+)'\)\)/.exec(create) ?? [];
  const fields = [...create.matchAll(/'(name|type|phones)': '([^']*)'/g)];
  expect(fields.map(([, name]) => name)).toEqual(['name', 'type', 'phones']);
  const part = (head: string, body: string) =>
    `--b0undary\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
  const numbers = someNumbers(50).map((number) => number.slice(1));
  const body = [
    ...fields.map(([, name, value]) => part(`name="${name}"`, value ?? '')),
    part(
      `name="${fileField}"; filename="${fileName}"\r\nContent-Type: ${fileType}`,
      numbers.join('\n'),
    ),
    '--b0undary--\r\n',
  ].join('');
  const created = await fetch(urlOf(create), {
    method: 'POST',
    headers: { ...keyOf('webcom'), 'content-type': 'multipart/form-data; boundary=b0undary' },
    body,
  });
  expect(created.status).toBe(200);
  expect(await created.json()).toEqual({
    success: true,
    data: { id: 5980, status: 'new', total_phones: 50 },
  });

  const [, ids = ''] = /'ids': '([^']*)'/.exec(getStatus) ?? [];
  const urlencoded = `ids=${encodeURIComponent(ids)}`;
  expect(urlencoded).toBe('ids=%5B5980%5D');
  const status = await fetch(urlOf(getStatus), {
    method: 'POST',
    headers: { ...keyOf('webcom'), 'content-type': 'application/x-www-form-urlencoded' },
    body: urlencoded,
  });
  const { success, data } = await jsonOf(status);
  expect(success).toBe(true);
  expect(data).toMatchObject([{ id: 5980, status: 'complete', total_phones: 50 }]);

  const sampleHash = 'gIn3meHo-uLVE-11pG-Mksm-20ff33d54cc9';
  const url = urlOf(getFile);
  expect(url.endsWith(sampleHash)).toBe(true);
  const file = await fetch(url.replace(sampleHash, data[0].hash), { headers: keyOf('webcom') });
  const lines = (await file.text()).split(/\r?\n/).filter((line) => line !== '');
  expect(lines).toHaveLength(data[0].filtered_phones);
  expect(file.headers.get('content-type')).toContain('text/plain');
});
