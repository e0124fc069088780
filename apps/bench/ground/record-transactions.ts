import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a client said until the server answered so that it could go on. */
export interface Exchange {
  readonly said: readonly Buffer[];
  /** That answer: ready for a query, or for the rows of a COPY. */
  readonly answer: 'Z' | 'G';
}

/** Bytes of one transaction, as a client sent them. `begun` and `ended` count over all connections: what ended before another began was there for it. */
export interface RecordedTransaction {
  readonly connection: number;
  readonly begun: number;
  readonly ended: number;
  readonly exchanges: readonly Exchange[];
  readonly errors: number;
}

export interface Recorder {
  /** The given URL with this recorder's host and port in it. */
  readonly url: string;
  /** In the order in which they ended. */
  readonly transactions: readonly RecordedTransaction[];
  close(): Promise<void>;
}

/**
 * A line to Postgres that keeps what each connection of one application says, transaction by transaction; every other connection passes through. It knows
 * the frames of the protocol and nothing of what is in them.
 * https://www.postgresql.org/docs/17/protocol-message-formats.html
 */
export async function recordTransactions(
  serverUrl: string,
  applicationName: string,
): Promise<Recorder> {
  const target = new URL(serverUrl);
  const transactions: RecordedTransaction[] = [];
  const sockets = new Set<Socket>();
  let clock = 0;
  let connections = 0;

  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: Number(target.port), host: target.hostname, noDelay: true });
    const connection = connections++;
    let isOurs: boolean | null = null;
    let isReady = false;
    let begun: number | null = null;
    let said: Buffer[] = [];
    let exchanges: Exchange[] = [];
    let errors = 0;
    const frames = new Frames((type, body) => {
      if (type === 'E') errors += 1;
      if (type === 'Z' && !isReady) {
        isReady = true;
        return;
      }
      if ((type !== 'Z' && type !== 'G') || begun === null) return;
      exchanges.push({ said, answer: type });
      said = [];
      if (type !== 'Z' || body.toString('latin1') !== 'I') return;
      transactions.push({ connection, begun, ended: (clock += 1), exchanges, errors });
      begun = null;
      exchanges = [];
      errors = 0;
    });
    client.on('data', (bytes) => {
      isOurs ??= bytes.includes(`application_name\0${applicationName}\0`);
      if (isReady && isOurs) {
        begun ??= clock += 1;
        said.push(bytes);
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (isOurs === true) frames.read(bytes);
      client.write(bytes);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    transactions,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const head_bytes = 5;

/** Messages of the server out of pieces of bytes: a type, a length that counts itself, a body. */
export class Frames {
  readonly #take: (type: string, body: Buffer) => void;
  #held: Buffer = Buffer.alloc(0);

  constructor(take: (type: string, body: Buffer) => void) {
    this.#take = take;
  }

  read(piece: Buffer): void {
    const bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    let at = 0;
    while (bytes.length - at >= head_bytes) {
      const end = at + 1 + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      this.#take(bytes.toString('latin1', at, at + 1), bytes.subarray(at + head_bytes, end));
      at = end;
    }
    this.#held = bytes.subarray(at);
  }
}
