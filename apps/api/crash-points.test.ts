import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiDeaths } from './testing/api-deaths.ts';
import { deathAccountsText, decided, decidedTogether, type Scene } from './testing/death-scenes.ts';
import { dieInApi, type SentRequest } from './testing/die-in-api.ts';
import { type Ground, type Json, openGround } from './testing/ground.ts';
import { loseSecondUpload } from './testing/holds-ground.ts';

/**
 * An API is killed by SIGKILL on both sides of every COMMIT that a request comes by; then the client, which got no answer, sends the same request
 * to another one. Each scene has a tenant or an account of its own. What this costs is the start of a process for each death.
 */
const points = Object.entries(apiDeaths).flatMap(([name, death]) =>
  (name.includes(':') ? [name] : [`${name}:before_commit`, `${name}:after_commit`]).map(
    (point) => ({ point, death }),
  ),
);

let ground: Ground;
let folders: { readonly folder: string; readonly compileCache: string };
beforeAll(async () => {
  ground = await openGround({ accountsText: deathAccountsText });
  folders = {
    folder: await mkdtemp(join(tmpdir(), 'api-death-')),
    compileCache: await mkdtemp(join(tmpdir(), 'rollcall-compiled-')),
  };
});
afterAll(async () => {
  await ground.close();
  for (const folder of Object.values(folders)) await rm(folder, { recursive: true });
});

async function dieAt(plan: string, { request }: Scene): Promise<void> {
  const told = { plan, accountsText: deathAccountsText, request };
  expect(await dieInApi(ground, told, folders)).toBe('SIGKILL');
}

async function send({ method, path, headers, body }: SentRequest): Promise<Json> {
  const response = await fetch(`${ground.url}${path}`, {
    method,
    headers,
    redirect: 'manual',
    ...(body !== '' && { body: Buffer.from(body, 'base64') }),
  });
  const text = await response.text();
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed'),
    body: text.startsWith('{') ? JSON.parse(text) : text,
  };
}

test.concurrent.for(points)(
  'killed at $point, a request that is sent again has been done once and whole',
  async ({ point, death }) => {
    const { once, soFar = once, withOrphan = once, isBehind = false } = death;
    const scene = await death.prepare(ground);
    const before = await scene.effect();
    await dieAt(point, scene);
    const isStored = isBehind || point.endsWith(':after_commit');
    expect(await scene.effect()).toEqual(isStored ? soFar : before);
    expect(await send(scene.request)).toMatchObject(death.answer(isStored));
    expect(await scene.effect()).toEqual(isStored ? withOrphan : once);
  },
);

test.concurrent.for(['before', 'after'])(
  'killed %s the second COMMIT of a decision on many, each chunk is decided or not, and the same call decides the rest',
  async (side) => {
    const { once, soFar }: Json = apiDeaths['hold.open_batch'];
    const scene = await decidedTogether(ground);
    await dieAt(`hold.pay_again:${side}_commit#2`, scene);
    const { chunks }: Json = await scene.effect();
    for (const chunk of chunks) expect([soFar.chunks[0], once.chunks[0]]).toContainEqual(chunk);
    const isDecided = (chunk: Json) => chunk.state === 'ready';
    // Others of the four that are decided at a time may have been further.
    if (side === 'after') expect(chunks.filter(isDecided).length).toBeGreaterThanOrEqual(2);
    for (const _sent of ['again', 'and again']) {
      expect(await send(scene.request)).toMatchObject(apiDeaths['hold.open_batch'].answer(true));
      expect(await scene.effect()).toEqual(once);
    }
  },
);

test.concurrent('killed after a payment was allowed, and the upload that it paid for lost too before the client comes again, nothing is paid a third time', async () => {
  const asked = { decision: 'pay_again', cost_ceiling: '0.002' };
  const scene = await decided(ground, asked);
  await dieAt('hold.pay_again:after_commit', scene);
  await loseSecondUpload(ground.database, scene);
  const lost = await scene.effect();
  expect(lost).toMatchObject({
    state: 'held',
    attempts: 'written_off unknown',
    decisions: 'pay_again',
    approvals: 1,
  });
  expect(await send(scene.request)).toMatchObject({
    status: 422,
    body: { code: 'invalid_request', errors: [{ pointer: '/attempt_id' }] },
  });
  expect(await scene.effect()).toEqual(lost);
});

test('no death left a file', async () => {
  expect(await readdir(folders.folder)).toEqual([]);
});
