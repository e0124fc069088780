import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface FaultyWire {
  /** The given URL with this wire's host and port in it. */
  readonly url: string;
  /** Nobody listens any more, and what was connected is reset. */
  cut(): Promise<void>;
  /** Connections are taken and kept, and not a byte goes through. */
  freeze(): void;
  /** The next bytes from the server are dropped and their connection is reset: the server has done it, nobody knows. */
  loseNextReply(): void;
  /** Back to normal after `cut` and `freeze`; what was frozen is delivered. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** A TCP line to a real server on this machine that fails when it is told to. For tests only. */
export async function openFaultyWire(serverUrl: string): Promise<FaultyWire> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let frozen = false;
  let losing = false;

  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        if (losing && from === upstream) {
          losing = false;
          client.resetAndDestroy();
          return;
        }
        to.write(bytes);
      });
      if (frozen) from.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the wire has no port');
  const { port } = address;
  const url = new URL(serverUrl);
  url.port = String(port);

  async function cut(): Promise<void> {
    if (server.listening) {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    }
  }

  return {
    url: url.href,
    cut,
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    loseNextReply() {
      losing = true;
    },
    async mend() {
      frozen = false;
      losing = false;
      for (const socket of sockets) socket.resume();
      if (server.listening) return;
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    close: cut,
  };
}
