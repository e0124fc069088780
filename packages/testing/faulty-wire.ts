import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { openWireConnection, type WireConnection } from './wire-connection.ts';
import { type FaultSwitches, faultSwitches, noFaults } from './wire-faults.ts';

/** Its switches stand for every connection, those to come included; `connections` has the same for each alone. */
export interface FaultyWire extends Omit<FaultSwitches, 'mend'> {
  /** The given URL with this wire's host and port in it. */
  readonly url: string;
  /** What is connected now, the oldest first. */
  connections(): readonly FaultSwitches[];
  /** How many connections were ever taken. */
  taken(): number;
  /** How many replies `dropReply` and `loseNextReply` dropped. */
  repliesDropped(): number;
  /** How many bytes black holes took. */
  bytesSwallowed(): number;
  /** Nobody listens any more, and what was connected is reset. */
  cut(): Promise<void>;
  /** Back to normal, after `cut` too. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_PORTS: Record<string, number> = {
  'http:': 80,
  'postgres:': 5432,
  'postgresql:': 5432,
  'redis:': 6379,
};

/**
 * A TCP line to a real server (Postgres and Redis without TLS, HTTP) that fails when it is told to. It knows no protocol:
 * faults are of bytes and connections. For tests and storms only.
 */
export async function openFaultyWire(serverUrl: string): Promise<FaultyWire> {
  const target = new URL(serverUrl);
  const targetPort = Number(target.port || DEFAULT_PORTS[target.protocol]);
  const connections = new Set<WireConnection>();
  let faults = noFaults();
  let taken = 0;
  let repliesDropped = 0;
  let bytesSwallowed = 0;

  // Half-open on both sides: an end is handed on by the connection, in its turn after the bytes before it.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    taken += 1;
    const upstream = connect({
      port: targetPort,
      host: target.hostname,
      allowHalfOpen: true,
      noDelay: true,
    });
    const connection = openWireConnection(client, upstream, faults, {
      replyDropped() {
        repliesDropped += 1;
      },
      swallowed(bytes) {
        bytesSwallowed += bytes;
      },
    });
    connections.add(connection);
    void connection.closed.then(() => connections.delete(connection));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the wire has no port');
  const { port } = address;
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);

  function reset(): void {
    for (const connection of connections) connection.reset();
  }

  async function cut(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    reset();
    await closed;
  }

  async function mend(): Promise<void> {
    faults = noFaults();
    for (const connection of connections) connection.mend();
    if (server.listening) return;
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  }

  const switches = faultSwitches(
    (edit) => {
      edit(faults);
      for (const connection of connections) connection.change(edit);
    },
    reset,
    () => undefined,
  );
  return {
    ...switches,
    url: url.href,
    connections: () => [...connections],
    taken: () => taken,
    repliesDropped: () => repliesDropped,
    bytesSwallowed: () => bytesSwallowed,
    cut,
    mend,
    close: cut,
  };
}
