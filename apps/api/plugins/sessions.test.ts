import { createHash } from 'node:crypto';
import { createApiKey, type KeyLimits, openSession, revokeApiKey } from '@rollcall/db';
import type { Scope } from '@rollcall/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, openGround } from '../testing/ground.ts';

/** Browsers that sign in to the dashboard. */

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground.close());

const make = (scopes: readonly Scope[] = ['admin'], limits: Partial<KeyLimits> = {}) =>
  createApiKey(ground.database, { tenantId: 1, name: 'ops', scopes, ...limits });

/** A browser as far as it matters: it keeps cookies, and says where a form comes from. */
class Browser {
  readonly cookies = new Map<string, string>();
  readonly #more: Readonly<Record<string, string>>;
  /** `more`: headers of every request. */
  constructor(more: Readonly<Record<string, string>> = {}) {
    this.#more = more;
  }

  async ask(
    path: string,
    init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(`${ground.url}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { accept: 'text/html', ...(cookie && { cookie }), ...this.#more, ...init.headers },
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (set.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  send(
    path: string,
    form: Record<string, string>,
    headers: Record<string, string> = { origin: ground.url, 'sec-fetch-site': 'same-origin' },
  ) {
    return this.ask(path, { method: 'POST', body: new URLSearchParams(form), headers });
  }

  async signIn(key: string, more: Record<string, string> = {}) {
    return this.send('/admin/login', { token: await this.token(), key, ...more });
  }

  async token(): Promise<string> {
    const { text } = await this.ask('/admin/login');
    return /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '';
  }
}

test('a person types a key once, sees the dashboard, and is out again after signing out', async () => {
  const { id, key } = await make();
  const browser = new Browser();
  const first = await browser.ask('/admin/queues/holds');
  expect([first.status, first.headers.get('cache-control')]).toEqual([401, 'no-store']);
  expect(first.text).toContain('name="next" value="/admin/queues/holds"');
  const signedIn = await browser.signIn(key, { next: '/admin/queues/holds' });
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/admin/queues/holds']);
  expect(signedIn.text).not.toContain(key);
  expect((await browser.ask('/admin/queues/holds')).text).toContain('Nothing is held.');
  expect((await browser.ask('/admin/queues')).status).toBe(200);
  expect((await browser.ask('/admin/queues/api/queues')).status).toBe(200);
  const page = await browser.ask('/admin/logout');
  expect(page.text).toContain(id);
  const token = /name="token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const kept = browser.cookies.get('rollcall-session') ?? '';
  const out = await browser.send('/admin/logout', { token });
  expect([out.status, out.headers.get('location')]).toEqual([303, '/admin/login']);
  expect(browser.cookies.has('rollcall-session')).toBe(false);
  // Not forgotten by this browser alone: whoever copied the cookie is out too.
  browser.cookies.set('rollcall-session', kept);
  expect((await browser.ask('/admin/queues')).status).toBe(401);
  expect(ground.logged()).not.toContain(kept);
  expect(ground.logged()).not.toContain(key.slice(-43));
  for (const event of ['session.opened', 'session.ended']) expect(ground.logged()).toContain(event);
});

test('a session opens the dashboard and nothing else, and changes nothing there', async () => {
  const browser = new Browser();
  await browser.signIn((await make()).key);
  expect((await browser.ask('/v1/jobs')).status).toBe(401);
  expect((await browser.ask('/v1/keys', { method: 'POST' })).status).toBe(401);
  const write = await browser.ask('/admin/queues/api/queues/plan/empty', { method: 'PUT' });
  expect([write.status, write.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('a session ends with its key, when nobody used it for half an hour, and after twelve hours', async () => {
  const status = async (browser: Browser) => (await browser.ask('/admin/queues/holds')).status;
  const { id, key } = await make();
  await make();
  const [first, idle, old] = [new Browser(), new Browser(), new Browser()];
  for (const browser of [first, idle, old]) {
    await browser.signIn(key);
    expect(await status(browser)).toBe(200);
  }
  const change = (browser: Browser, column: string, by: string) =>
    ground.database.query(
      `UPDATE store.sessions SET ${column} = now() - $2::interval WHERE digest = sha256(convert_to($1, 'UTF8'))`,
      [browser.cookies.get('rollcall-session'), by],
    );
  await change(idle, 'last_seen_at', '31 minutes');
  await change(old, 'created_at', '12 hours 1 minute');
  expect([await status(first), await status(idle), await status(old)]).toEqual([200, 401, 401]);
  await change(first, 'last_seen_at', '29 minutes');
  expect(await status(first)).toBe(200);
  const { rows } = await ground.database.query(
    "SELECT FROM store.sessions WHERE digest = sha256(convert_to($1, 'UTF8')) AND last_seen_at > now() - interval '5 minutes'",
    [first.cookies.get('rollcall-session')],
  );
  expect(rows).toHaveLength(1);
  expect(await revokeApiKey(ground.database, 1, id)).toBe('revoked');
  expect(await status(first)).toBe(401);
});

test('a key that is none, or may too little, is turned away, and after ten in a minute nobody is asked any more', async () => {
  const browser = new Browser();
  const lesser = await browser.signIn((await make(['jobs:read', 'results:read'])).key);
  expect([lesser.status, lesser.text.includes('scope admin')]).toEqual([403, true]);
  const wrong = `rc_live_${'0'.repeat(32)}_${'x'.repeat(43)}`;
  const statuses: number[] = [];
  for (const key of Array.from({ length: 12 }, () => wrong)) {
    const answer = await browser.signIn(key);
    expect(answer.text).not.toContain(key);
    statuses.push(answer.status);
  }
  expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401));
  expect(statuses.slice(10)).toEqual([429, 429]);
  expect(browser.cookies.has('rollcall-session')).toBe(false);
  // Behind a proxy everybody comes from one address: who has a key is let in.
  expect((await browser.signIn((await make()).key)).status).toBe(303);
});

test.each<[string, Record<string, string>]>([
  ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['a neighbour of the domain', { origin: 'https://a.example', 'sec-fetch-site': 'same-site' }],
  ['another site, by an old browser', { origin: 'https://evil.example' }],
  ['a page that hides its origin', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
  ['whoever does not say from where', {}],
])('a form that comes from %s is refused', async (_from, headers) => {
  const { key } = await make();
  const browser = new Browser();
  const answer = await browser.send('/admin/login', { token: await browser.token(), key }, headers);
  expect(answer.status).toBe(403);
  expect(browser.cookies.has('rollcall-session')).toBe(false);
});

test('a form without the token of its own browser is refused, for signing out too', async () => {
  const { key } = await make();
  const [browser, other] = [new Browser(), new Browser()];
  const foreign = await other.token();
  await browser.token();
  for (const token of ['', foreign, 'x']) {
    expect((await browser.send('/admin/login', { token, key })).status).toBe(403);
  }
  await browser.signIn(key);
  expect((await browser.send('/admin/logout', { token: foreign })).status).toBe(403);
  expect((await browser.ask('/admin/queues/holds')).status).toBe(200);
});

test('whoever signs in gets a session of its own, and the one before it in this browser is over', async () => {
  const { id, key } = await make();
  // Known to somebody else, who put it into this browser.
  const planted = await openSession(ground.database, { tenantId: 1, id, name: 'ops' });
  const browser = new Browser();
  browser.cookies.set('rollcall-session', planted);
  await browser.signIn(key);
  expect(browser.cookies.get('rollcall-session')).not.toBe(planted);
  const attacker = new Browser();
  attacker.cookies.set('rollcall-session', planted);
  expect((await attacker.ask('/admin/queues/holds')).status).toBe(401);
});

test.each([
  ['https://evil.example/'],
  ['//evil.example/admin/queues'],
  ['/\\evil.example'],
  ['/admin/queues/../../v1/jobs//evil.example:80\\'],
  ['/admin/queuesx'],
  ['javascript:alert(1)'],
  ['/admin/queues?x="><script>'],
])('nobody is sent to %s after signing in', async (next) => {
  const answer = await new Browser().signIn((await make()).key, { next });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin/queues']);
});

test('over https cookies are the host’s alone and Secure, on the loopback plain, and over HTTP from elsewhere nobody signs in', async () => {
  const { key } = await make();
  const attributes = async (browser: Browser, origin: string) => {
    const token = await browser.token();
    const answer = await browser.send(
      '/admin/login',
      { token, key },
      { origin, 'sec-fetch-site': 'same-origin' },
    );
    const cookie = answer.headers.getSetCookie().find((set) => set.includes('session'));
    return { status: answer.status, cookie: cookie?.replace(/=[^;]+/, '=…') };
  };
  const behindProxy = new Browser({ 'x-forwarded-proto': 'https' });
  expect(await attributes(behindProxy, 'https://rollcall.example')).toEqual({
    status: 303,
    cookie: '__Host-rollcall-session=…; Path=/; HttpOnly; SameSite=Strict; Secure',
  });
  expect((await behindProxy.ask('/admin/queues/holds')).status).toBe(200);
  expect(await attributes(new Browser(), ground.url)).toEqual({
    status: 303,
    cookie: 'rollcall-session=…; Path=/; HttpOnly; SameSite=Strict',
  });
  const unprotected = await attributes(new Browser(), 'http://192.0.2.7:8080');
  expect(unprotected).toEqual({ status: 403, cookie: undefined });
});

test('no page of ours may be framed, runs a script, or loads anything from elsewhere', async () => {
  const browser = new Browser();
  await browser.signIn((await make()).key);
  for (const path of ['/admin/login', '/admin/logout', '/admin/queues/holds', '/admin/queues']) {
    const { headers, text } = await browser.ask(path);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy, path).toContain("default-src 'none'");
    expect(policy, path).toContain("frame-ancestors 'none'");
    expect(policy, path).not.toMatch(/https?:|\*|script-src[^;]*unsafe|unsafe-eval/);
    expect(text, path).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\//);
    expect(headers.get('x-frame-options'), path).toBeTruthy();
    expect(headers.get('cache-control'), path).toBe('no-store');
    if (path === '/admin/queues') continue;
    expect(text, path).not.toMatch(/<script|\son\w+=|\sstyle=/);
    const [, style = ''] = /<style>([^]*)<\/style>/.exec(text) ?? [];
    const digest = createHash('sha256').update(style).digest('base64');
    expect(policy, path).toContain(`style-src 'sha256-${digest}'`);
  }
});
