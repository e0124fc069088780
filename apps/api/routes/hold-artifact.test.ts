import { createHash } from 'node:crypto';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addTenant, type Json } from '../testing/ground.ts';
import { insertHeld, insertHeldAccepted } from '../testing/held-chunk.ts';
import { type LiveGround, openLiveGround } from '../testing/live-ground.ts';
import { said } from '../testing/post-job.ts';
import { senderTo } from '../testing/send.ts';

/** A file whose meaning nobody has confirmed, from the hold to the rows, with a worker as a process and the simulator. */

let ground: LiveGround;
let send: ReturnType<typeof senderTo>;
beforeAll(async () => {
  ground = await openLiveGround({
    chunkSize: 1_000,
    change: (text) =>
      // Webcom's is the first account of the file.
      text.replace('semantics_confirmed: true', 'semantics_confirmed: false'),
  });
  send = senderTo(ground, await ground.bearer(['admin']));
  await ground.startWorker();
}, 120_000);
afterAll(() => ground.close());

const download = async (chunkId: string, authorization: string, method = 'GET') =>
  await fetch(`${ground.url}/v1/holds/${chunkId}/artifact`, {
    method,
    headers: { authorization },
  });
const numbers = Array.from({ length: 300 }, (_, index) => `+${447_911_200_000 + index}`);
const lineOf = (event: string) =>
  ground
    .logged()
    .split('\n')
    .filter((line) => line.includes(`"${event}"`));

test('a held list is looked at byte for byte, confirmed once, and replayed without another download', async () => {
  const { body: job } = await send('POST', '/v1/jobs', { ...said, check: 'viber', numbers });
  const hold = await waitFor(
    async () => (await send('GET', `/v1/holds?job=${job.id}`)).body.data[0],
    { timeoutMs: 60_000, describe: 'the chunk to be held' },
  );
  expect(hold).toMatchObject({ account: 'webcom', detail: 'semantics_unconfirmed' });
  const page = await fetch(`${ground.url}/admin/queues/chunk/${hold.chunk_id}`, {
    headers: { authorization: await ground.bearer(['admin']) },
  });
  expect(await page.text()).toMatch(/\/artifact[^]*\/v1\/accounts\/webcom\/confirm-semantics/);

  const sent = await fromSimulator(hold.chunk_id);
  const reader = await ground.bearer(['results:read']);
  const answer = await download(hold.chunk_id, reader);
  expect(answer.status).toBe(200);
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(bytes.length).toBeGreaterThan(100);
  expect(bytes.equals(sent)).toBe(true);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${hold.chunk_id}.bin"`,
    'content-length': String(sent.length),
    'repr-digest': `sha-256=:${createHash('sha256').update(sent).digest('base64')}:`,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  };
  expect(Object.fromEntries(answer.headers)).toMatchObject(headers);
  const head = await download(hold.chunk_id, reader, 'HEAD');
  expect(Object.fromEntries(head.headers)).toMatchObject(headers);
  const [opened, ...others] = lineOf('hold.artifact_opened');
  expect(others).toEqual([]);
  expect(JSON.parse(opened ?? '{}')).toMatchObject({
    job: job.id,
    chunk: hold.chunk_id,
    account: 'webcom',
    bytes: sent.length,
    api_key: expect.stringMatching(/^key_/),
  });

  const audited = await ground.database.query(
    "SELECT subject FROM store.audit_trail WHERE action = 'artifact.opened'",
  );
  expect(audited.rows).toEqual([{ subject: hold.chunk_id }]);

  const lesser = await ground.bearer(['jobs:read', 'holds:resolve', 'approvals:write']);
  expect((await download(hold.chunk_id, lesser)).status).toBe(403);
  const stranger = await ground.bearer(['admin'], await addTenant(ground.database));
  expect((await download(hold.chunk_id, stranger)).status).toBe(404);

  const confirm = (reason: string) =>
    send('POST', '/v1/accounts/webcom/confirm-semantics', { reason });
  expect((await send('GET', '/v1/accounts/webcom')).body.semantics_confirmed).toBe(false);
  const { status, body: account } = await confirm('ten of its rows are known');
  expect(status).toBe(200);
  expect(account).toMatchObject({ id: 'webcom', semantics_confirmed: true });
  expect(account.semantics_confirmation.note).toMatch(
    /^key_[0-9a-f-]{36} \(test\): ten of its rows are known$/,
  );
  expect((await confirm('again')).body.semantics_confirmation).toEqual(
    account.semantics_confirmation,
  );
  expect(lineOf('account.semantics_confirmed')).toHaveLength(1);
  expect(ground.logged()).not.toContain('are known');

  const files = await filesSent();
  expect(files).toBeGreaterThan(0);
  const replayed = await send('POST', `/v1/holds/${hold.chunk_id}/resolve`, {
    decision: 'replay',
    reason: 'confirmed',
  });
  expect(replayed.status).toBe(200);
  const closed = await ground.untilState(job.id, ['completed']);
  const listed = bytes.toString('latin1').match(/\d{10,}/g) ?? [];
  expect(closed.outcomes.registered).toBe(listed.length);
  expect(closed.outcomes.registered + closed.outcomes.not_registered).toBe(300);
  expect(await filesSent()).toBe(files);
  // What is no hold any more is shown by nobody: its rows are results.
  expect((await download(hold.chunk_id, reader)).status).toBe(404);
}, 120_000);

test('a hold without a file has none to show', async () => {
  const unknown = await insertHeld(ground.database);
  const expired = await insertHeldAccepted(ground.database, 'artifact');
  const reader = await ground.bearer(['results:read']);
  for (const { chunkId } of [unknown, expired]) {
    const answer = await download(chunkId, reader);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'not_found' });
  }
  expect((await download('chk_1', reader)).status).toBe(404);
});

test('confirming wants an admin, a reason, and an account of the file', async () => {
  const path = '/v1/accounts/webcom/confirm-semantics';
  const lesser = await ground.bearer(['jobs:read', 'jobs:write', 'results:read', 'holds:resolve']);
  expect((await senderTo(ground, lesser)('POST', path, { reason: 'x' })).status).toBe(403);
  expect((await send('POST', path, {})).body.code).toBe('invalid_request');
  const gone = await send('POST', '/v1/accounts/gamma/confirm-semantics', { reason: 'x' });
  expect(gone.status).toBe(404);
});

/** The chunk's file as the simulated provider gives it to whoever asks. */
async function fromSimulator(chunkId: string): Promise<Buffer> {
  const { rows } = await ground.database.query<{ hash: string }>(
    `SELECT locator ->> 'hash' AS hash FROM store.chunks WHERE id = $1`,
    [chunkId],
  );
  const path = `/api/checking/get-file/${encodeURIComponent(rows[0]?.hash ?? '')}`;
  const answer = await fetch(`${ground.simulator.url}${path}`, {
    headers: { authorization: 'Bearer sim-webcom' },
  });
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

/** How many result files the simulated provider has sent. */
async function filesSent(): Promise<number> {
  const { requests } = (await ground.simulator.control('GET', 'requests')) as Json;
  return requests.filter((each: Json) => each.operation === 'file').length;
}
