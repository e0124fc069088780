import { expect, test } from 'vitest';
import { jsonOf, keyOf, openGround } from './testing/ground.ts';
import { readZip } from './testing/read-archive.ts';

test('a million numbers are taken and given back in seconds, at little memory', {
  timeout: 60_000,
}, async () => {
  await using ground = await openGround();
  const count = 1_000_000;
  const lines: string[] = [];
  for (let index = 0; index < count; index += 1) lines.push(`+${447_900_000_000 + index}`);
  const body = new FormData();
  body.append('file', new Blob([lines.join('\n')]), 'numbers.txt');
  body.append('task_type', 'tg');
  lines.length = 0;
  const before = process.memoryUsage().arrayBuffers;
  const started = process.cpuUsage();
  const headers = keyOf('ekycpro');
  const init = { method: 'POST', headers, body };
  const { task_id } = await jsonOf(fetch(`${ground.url}/v1/tasks`, init));
  const { user, system } = process.cpuUsage(started);
  const status = await jsonOf(ground.status('ekycpro', task_id));
  expect(status).toMatchObject({ status: 'exported', total: count });
  // 8 bytes a number are kept, and some more while they are sorted.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 1024 * 1024);

  await ground.control('POST', 'faults', {
    match: { operation: 'file' },
    action: { kind: 'file', edits: { layout: 'zip_csv' } },
  });
  const result = await fetch(status.result_url);
  const members = await readZip(new Uint8Array(await result.arrayBuffer()));
  const { truths } = await ground.control('GET', `tasks/${task_id}`);
  const csv = members.get('all.csv') ?? Buffer.alloc(0);
  let rows = -1;
  for (const byte of csv) if (byte === 10) rows += 1;
  expect(rows).toBe(count - truths.missing);
  // About 2 s of processor, the sender's included; ten times that is a sign that something is no longer streamed.
  expect((user + system) / 1_000).toBeLessThan(20_000);
});
