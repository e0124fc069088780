import { createServer, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { AdapterName } from '@rollcall/domain';
import { expect, test } from 'vitest';
import { createProvider } from './create-provider.ts';
import { testAccount } from './wire.ts';

// Data minimisation (GDPR Art. 5(1)(c)): a provider is told the numbers, what to check, and an id of ours; nothing that a caller said of a person.

const expected: Readonly<Record<AdapterName, Readonly<Record<string, string>>>> = {
  'tasks-v1': { task_type: 'tg' },
  'simple-tasks': {},
  webcom: { type: 'tg', name: 'att_1', phones: '' },
};
const file = '+447911123456\n+447911123457\n';

const knownHeaders = new Set([
  'accept',
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'host',
  'user-agent',
  'x-api-key',
]);

/** What an upload sends: its headers, its fields by name, and its file. */
async function uploadOf(adapter: AdapterName) {
  let sent: { headers: IncomingHttpHeaders; body: string } | undefined;
  const server = createServer((request, response) => {
    void buffer(request).then((bytes) => {
      sent = { headers: request.headers, body: bytes.toString('latin1') };
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"enough"}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const account = testAccount({ adapter, baseUrl: `http://127.0.0.1:${port}` });
  const provider = createProvider(account, 'key');
  const numbers = Float64Array.of(447_911_123_456, 447_911_123_457);
  await provider.submit({ taskType: 'tg', numbers, reference: 'att_1', stillMine: () => true });
  await provider.close();
  server.closeAllConnections();
  await once(server.close(), 'close');
  if (!sent) throw new Error('nothing was sent');
  const boundary = /boundary="?([^";]+)/.exec(sent.headers['content-type'] ?? '')?.[1] ?? '';
  const fields: Record<string, string> = {};
  let upload: string | undefined;
  for (const part of sent.body.split(`--${boundary}`).slice(1, -1)) {
    const [head = '', ...rest] = part.split('\r\n\r\n');
    const content = rest.join('\r\n\r\n').replace(/\r\n$/, '');
    const name = / name="([^"]+)"/.exec(head)?.[1] ?? '';
    if (head.includes('filename=')) upload = content;
    else fields[name] = content;
  }
  return { headers: Object.keys(sent.headers), fields, upload };
}

test.each(Object.keys(expected) as AdapterName[])(
  '%s uploads the numbers, and nothing else of anybody',
  async (adapter) => {
    const { headers, fields, upload } = await uploadOf(adapter);
    expect(upload).toBe(file);
    expect(fields).toEqual(expected[adapter]);
    expect(headers.filter((name) => !knownHeaders.has(name))).toEqual([]);
  },
);
