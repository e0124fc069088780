import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface BreakingLine {
  /** The API's URL, over this line. */
  readonly url: string;
  /**
   * Resets the first connection that carries so many bytes in this direction, and no other; requests of some headers alone stay
   * below a thousand. Resolves when it did.
   */
  breakOnce(direction: 'request' | 'answer', bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** A TCP line to the API that breaks when a test says so. */
export async function openBreakingLine(apiUrl: string): Promise<BreakingLine> {
  const target = new URL(apiUrl);
  const sockets = new Set<Socket>();
  let planned: { direction: string; bytes: number; done: () => void } | undefined;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const pass = (from: Socket, to: Socket, direction: 'request' | 'answer') => {
      let carried = 0;
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        carried += bytes.length;
        if (planned?.direction === direction && carried >= planned.bytes) {
          planned.done();
          planned = undefined;
          client.resetAndDestroy();
          upstream.destroy();
          return;
        }
        to.write(bytes);
      });
      from.on('end', () => to.end());
    };
    pass(client, upstream, 'request');
    pass(upstream, client, 'answer');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the line has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    breakOnce: (direction, bytes) =>
      new Promise((resolve) => {
        planned = { direction, bytes, done: resolve };
      }),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
