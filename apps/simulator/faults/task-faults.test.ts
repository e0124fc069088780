import { describe, expect, test } from 'vitest';
import { endOf, onCreate, upload } from '../testing/fault-calls.ts';
import { type Ground, jsonOf, openGround, someNumbers } from '../testing/ground.ts';

describe('a task’s coming answers', () => {
  test('follow a scripted sequence, then the truth', async () => {
    await using ground = await openGround();
    const statuses = [
      'processing',
      'pending',
      'moonwalking',
      { status: 'processing', success: -5 },
    ];
    await onCreate(ground, { kind: 'statuses', statuses });
    const { task_id } = await jsonOf(upload(ground));
    const said: unknown[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const { status, success } = await jsonOf(ground.status('ekycpro', task_id));
      said.push(status === 'processing' && success < 0 ? 'negative' : status);
    }
    expect(said).toEqual([
      'processing',
      'pending',
      'moonwalking',
      'negative',
      'exported',
      'exported',
    ]);
  });

  test('may stay failed for good, of a task already there', async () => {
    await using ground = await openGround();
    const { data } = await jsonOf(ground.create('webcom', someNumbers(10), 'WA_cheking'));
    const match = { operation: 'status', task_id: String(data.id) };
    const action = { kind: 'statuses', statuses: ['inwork', 'rejected'], hold_last: true };
    await ground.control('POST', 'faults', { match, action });
    for (const word of ['inwork', 'rejected', 'rejected']) {
      expect((await jsonOf(ground.status('webcom', data.id))).data[0].status).toBe(word);
    }
  });

  test('may hold URLs that are born expired, before good ones', async () => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'expired_urls', count: 2 });
    const { task_id } = await jsonOf(upload(ground));
    const codes: unknown[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      codes.push(await endOf(fetch((await jsonOf(ground.status('ekycpro', task_id))).result_url)));
    }
    expect(codes).toEqual([403, 403, 200]);
  });
});

describe('a download', () => {
  async function downloadUnder(ground: Ground, action: object): Promise<string> {
    const { task_id } = await jsonOf(upload(ground));
    await ground.control('POST', 'faults', { match: { operation: 'file', task_id }, action });
    return (await jsonOf(ground.status('ekycpro', task_id))).result_url;
  }

  test('is cut off once, and whole the next time', async () => {
    await using ground = await openGround();
    const url = await downloadUnder(ground, { kind: 'cut_body' });
    expect(await endOf(fetch(url))).toMatch(/UND_ERR_SOCKET|ECONNRESET/);
    expect(await endOf(fetch(url))).toBe(200);
  });

  test('drips', async () => {
    await using ground = await openGround();
    const url = await downloadUnder(ground, { kind: 'slow_body', bytes_per_second: 100 });
    const response = await fetch(url);
    const length = Number(response.headers.get('content-length'));
    let received = 0;
    for await (const bytes of response.body ?? []) {
      received += (bytes as Uint8Array).length;
      if (received > 30) break;
    }
    expect(received).toBeLessThan(length);
  });

  test('does not end', async () => {
    await using ground = await openGround();
    const url = await downloadUnder(ground, { kind: 'endless_body' });
    let received = 0;
    for await (const bytes of (await fetch(url)).body ?? []) {
      received += (bytes as Uint8Array).length;
      if (received > 3_000_000) break;
    }
    expect(received).toBeGreaterThan(3_000_000);
  });

  test('is forbidden, in S3’s words', async () => {
    await using ground = await openGround();
    const url = await downloadUnder(ground, { kind: 'answer', status: 403 });
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      403,
      'application/xml',
    ]);
  });
});
