import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from './create-test-database.ts';
import { type FaultyWire, openFaultyWire } from './faulty-wire.ts';
import { queuePrefix, testBackends, testRedisUrl } from './test-backends.ts';
import { waitFor } from './wait-for.ts';

const BODY = 'x'.repeat(1_000);

describe('a wire to an HTTP server', () => {
  let wire: FaultyWire;
  /** Bodies that the server received whole. */
  const received: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const bytes of request) text += String(bytes);
      received.push(text);
      response.setHeader('connection', 'close');
      response.end(BODY);
    })().catch(() => undefined);
  });
  /** On a connection of its own. */
  const post = async (body: string): Promise<string> => {
    const request = httpRequest(wire.url, { method: 'POST', agent: false });
    request.end(body);
    const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
    let text = '';
    for await (const bytes of response) text += String(bytes);
    return text;
  };

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    wire = await openFaultyWire(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterEach(async () => {
    await wire.mend();
    wire.reset();
    await waitFor(() => wire.connections().length === 0, { describe: 'connections to end' });
    received.length = 0;
  });
  afterAll(async () => {
    await wire.close();
    server.closeAllConnections();
    server.close();
  });

  test('hands everything on while it is whole', async () => {
    expect(await post('a'.repeat(1_000_000))).toBe(BODY);
    expect(received.map((text) => text.length)).toEqual([1_000_000]);
    await waitFor(() => wire.connections().length === 0, { describe: 'the connection to end' });
  });

  test('cut, lets nobody in', async () => {
    await wire.cut();
    await expect(post('a')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await wire.mend();
    expect(await post('b')).toBe(BODY);
    expect(received).toEqual(['b']);
  });

  test('frozen, delivers late what it kept', async () => {
    wire.freeze();
    const answer = post('a');
    await waitFor(() => wire.connections().length === 1, { describe: 'a connection' });
    expect(received).toEqual([]);
    await wire.mend();
    expect(await answer).toBe(BODY);
  });

  test('as a black hole towards the client, lets the server do it and the client wait', async () => {
    wire.blackHole('to_client');
    const answer = errorOf(post('a'));
    await waitFor(() => received.length === 1, { describe: 'the server to have it' });
    await wire.mend();
    expect(await answer).toBe('ECONNRESET');
  });

  test('as a black hole, lets the server hear nothing, and never delivers it', async () => {
    const before = wire.bytesSwallowed();
    wire.blackHole();
    const answer = errorOf(post('a'));
    await waitFor(() => wire.bytesSwallowed() > before, { describe: 'bytes to be swallowed' });
    await wire.mend();
    expect(await answer).toBe('ECONNRESET');
    expect(received).toEqual([]);
  });

  test('resets what is connected', async () => {
    wire.freeze();
    const answer = errorOf(post('a'));
    await waitFor(() => wire.connections().length === 1, { describe: 'a connection' });
    wire.reset();
    expect(await answer).toBe('ECONNRESET');
  });

  test('drops the reply to the message that matches, and to no other', async () => {
    wire.dropReply(/kill me/);
    expect(await post('let me live')).toBe(BODY);
    await expect(post('kill me')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await post('kill me')).toBe(BODY);
    expect(received).toEqual(['let me live', 'kill me', 'kill me']);
    expect(wire.repliesDropped()).toBe(1);
  });

  test('drops a reply in silence', async () => {
    const dropped = wire.repliesDropped();
    wire.dropReply('POST /', 'silence');
    const answer = errorOf(post('a'));
    await waitFor(() => wire.repliesDropped() > dropped, { describe: 'the reply to be dropped' });
    expect(wire.connections()).toHaveLength(1);
    await wire.mend();
    expect(await answer).toBe('ECONNRESET');
  });

  test('truncates an answer, and ends it in order', async () => {
    wire.truncate(500);
    await expect(post('a')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(received).toEqual(['a']);
  });

  test('drips', async () => {
    wire.drip(5_000);
    const start_ms = performance.now();
    expect(await post('a')).toBe(BODY);
    // 1,000 bytes and their headers at 5,000 a second.
    expect(performance.now() - start_ms).toBeGreaterThan(200);
  });

  test('delays both ways', async () => {
    wire.delay(100);
    const start_ms = performance.now();
    expect(await post('a')).toBe(BODY);
    expect(performance.now() - start_ms).toBeGreaterThan(190);
  });

  test('mends one connection and leaves its neighbour as it is', async () => {
    wire.freeze();
    const first = post('first');
    await waitFor(() => wire.connections().length === 1, { describe: 'the first connection' });
    const second = post('second');
    await waitFor(() => wire.connections().length === 2, { describe: 'the second connection' });
    wire.connections()[1]?.mend();
    expect(await second).toBe(BODY);
    expect(received).toEqual(['second']);
    await wire.mend();
    expect(await first).toBe(BODY);
  });
});

describe('a wire to Postgres', () => {
  let database: TestDatabase;
  let wire: FaultyWire;

  beforeAll(async () => {
    database = await createTestDatabase();
    wire = await openFaultyWire(database.url);
  });
  afterAll(async () => {
    await wire.close();
    await database.drop();
  });

  test('drops the reply to COMMIT: it is committed, and nobody heard', async () => {
    const client = new Client({ connectionString: wire.url });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('CREATE TABLE kept (value int)');
    await client.query('BEGIN');
    await client.query('INSERT INTO kept VALUES (1)');
    wire.dropReply('COMMIT');
    await expect(client.query('COMMIT')).rejects.toMatchObject({ code: 'ECONNRESET' });

    const other = new Client({ connectionString: wire.url });
    await other.connect();
    expect((await other.query('SELECT value FROM kept')).rows).toEqual([{ value: 1 }]);
    await other.end();
  });
});

describe.runIf(testBackends.includes('redis'))('a wire to Redis', () => {
  test('drops the reply to one command: it has its effect once, and the client sees a reset', async () => {
    const wire = await openFaultyWire(testRedisUrl());
    const key = `${queuePrefix()}:count`;
    wire.dropReply(`INCR ${key}`);
    await expect(say(wire.url, `INCR ${key}`)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await say(wire.url, `GET ${key}`)).toBe('$1\r\n1\r\n');
    expect(await say(wire.url, `DEL ${key}`)).toBe(':1\r\n');
    await wire.close();
  });
});

/** The code of the error that `work` ends with; what it gives, where it ends well. */
function errorOf(work: Promise<string>): Promise<string | undefined> {
  return work.catch((error: unknown) => (error as NodeJS.ErrnoException).code);
}

/** One command as Redis takes it from a terminal, and its answer as it comes. */
async function say(redisUrl: string, command: string): Promise<string> {
  const { port, password } = new URL(redisUrl);
  const socket = connect(Number(port), '127.0.0.1');
  try {
    if (password !== '') {
      socket.write(`AUTH ${password}\r\n`);
      await once(socket, 'data');
    }
    socket.write(`${command}\r\n`);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return bytes.toString();
  } finally {
    socket.destroy();
  }
}
