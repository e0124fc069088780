import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { AdapterName } from '@rollcall/domain';
import { type Bend, testAccount, type Wire, type WireOperation } from './wire.ts';

const key = 'test-key-0123';
const bucket = 'https://wapic.s3.ap-southeast-1.amazonaws.com';

/** What a request looked like on the wire. */
export interface Seen {
  readonly operation: WireOperation | 'balance' | 'other';
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface FixtureWire extends Wire {
  readonly seen: readonly Seen[];
}

interface Reply {
  readonly status: number;
  readonly body: Buffer;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const usual: Readonly<Record<AdapterName, Readonly<Record<string, string>>>> = {
  'tasks-v1': {
    create: 'created-with-message.json',
    status: 'status-exported.json',
    balance: 'balance-detailed.json',
    file: 'result.csv',
  },
  'simple-tasks': { create: 'created.json', status: 'status-exported.json', file: 'result.csv' },
  webcom: { create: 'created.json', status: 'status-complete.json', file: 'result.txt' },
};

/** The content of a fixture, as text. */
export function readFixture(adapter: AdapterName, name: string): string {
  return readFileSync(join(import.meta.dirname, 'fixtures', adapter, name), 'utf8');
}

export function contentTypeOf(name: string | null): string {
  if (name === null || name.endsWith('.json')) return 'application/json';
  return name.endsWith('.html') ? 'text/html' : 'text/plain';
}

function operationOf(adapter: AdapterName, method: string, path: string): Seen['operation'] {
  if (path.startsWith('/externalcheck/') || path.includes('/get-file/')) return 'file';
  if (path === '/v1/balance') return 'balance';
  if (path === '/v1/gettasks' || path.includes('/get-status')) return 'status';
  if (path === '/v1/tasks' || path.endsWith('/create')) return 'create';
  if (adapter !== 'simple-tasks' || !path.startsWith('/fb/api/simple/tasks')) return 'other';
  return method === 'POST' ? 'create' : 'status';
}

/** Servers that answer with the bodies of `fixtures/<adapter>/`: one for the calls, one in the place of the bucket. */
export async function openFixtureWire(adapter: AdapterName): Promise<FixtureWire> {
  const seen: Seen[] = [];
  const bends = new Map<string, Bend[]>();
  let resultOrigin = '';

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const operation = operationOf(adapter, request.method ?? '', path);
    const bend = bends.get(operation)?.shift();
    const note = (body: Buffer) => {
      const { method = '', url = '', headers } = request;
      seen.push({ operation, method, url, headers, body });
    };
    if (bend?.kind === 'reset_before_body' || (bend?.kind === 'answer' && bend.before_body)) {
      note(Buffer.alloc(0));
      if (bend.kind === 'answer') await reply(response, replyOf(bend));
      // The head stays alone for a moment: a reset may make the other side's kernel drop what was not read yet.
      await wait(30);
      request.socket.resetAndDestroy();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    note(Buffer.concat(chunks));
    const name = usual[adapter][operation];
    if (name === undefined) {
      await reply(response, { status: 404, body: Buffer.from('{}'), contentType: 'text/plain' });
      return;
    }
    // The last part of result_url is a host of the pages; here it is our second server.
    const text = readFixture(adapter, name)
      .replace(bucket, resultOrigin)
      .replace('https://example-link-to-results.xlsx', `${resultOrigin}/externalcheck/result.xlsx`)
      .replace('d4g24nep2jvh04o9uoh0"', 'd4g8o46p2jvh04o9uolg"');
    const body = Buffer.from(text);
    await deliver(response, { status: 200, body, contentType: contentTypeOf(name) }, bend);
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // A client that goes away in the middle is part of the cases.
    answer(request, response).catch(() => response.destroy());
  };
  const calls = createServer(listener);
  const results = createServer(listener);
  const baseUrl = await listen(calls);
  resultOrigin = await listen(results);

  return {
    seen,
    key,
    account: testAccount({
      adapter,
      baseUrl,
      resultHosts: [new URL(resultOrigin).host],
    }),
    async bend(operation, bend) {
      bends.set(operation, [...(bends.get(operation) ?? []), bend]);
    },
    count: async (operation) => seen.filter((one) => one.operation === operation).length,
    async close() {
      await Promise.all([closed(calls), closed(results)]);
    },
  };
}

function replyOf(bend: Extract<Bend, { kind: 'answer' }>): Reply {
  const { status, text, content_type: contentType, headers = {} } = bend;
  return { status, body: Buffer.from(text), contentType, headers };
}

function head(response: ServerResponse, { status, body, contentType, headers }: Reply): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': body.length,
    ...headers,
  });
  response.flushHeaders();
}

async function reply(response: ServerResponse, whole: Reply): Promise<void> {
  head(response, whole);
  response.end(whole.body);
}

async function deliver(response: ServerResponse, whole: Reply, bend?: Bend): Promise<void> {
  switch (bend?.kind) {
    case undefined:
      return reply(response, whole);
    case 'answer':
      return reply(response, replyOf(bend));
    case 'never_answer':
      return;
    case 'reset':
    case 'reset_before_body':
      response.socket?.resetAndDestroy();
      return;
    case 'reset_after_headers':
      head(response, { ...whole, status: bend.status });
      await wait(30);
      response.socket?.resetAndDestroy();
      return;
    case 'cut_body':
      head(response, whole);
      response.write(whole.body.subarray(0, Math.floor(whole.body.length / 2)));
      response.socket?.destroySoon();
      return;
    case 'slow_body':
      head(response, whole);
      for (const byte of whole.body) {
        if (response.destroyed) return;
        response.write(Buffer.of(byte));
        await wait(1000 / bend.bytes_per_second);
      }
      response.end();
      return;
    case 'endless_body': {
      response.writeHead(whole.status, { 'content-type': whole.contentType });
      response.write(whole.body);
      while (!response.destroyed) {
        response.write(Buffer.alloc(16 * 1024, ' '));
        await wait(1);
      }
    }
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
