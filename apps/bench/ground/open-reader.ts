import { once } from 'node:events';
import { connect } from 'node:net';

/** A client of the API on one connection that is kept, with one request at a time. */
export interface Reader {
  /** The body of an answer with 200 that states its length; anything else is an error. */
  get(path: string): Promise<{ readonly body: Buffer; readonly took_ms: number }>;
  close(): void;
}

const headEnd = '\r\n\r\n';

/** Node's own client takes 0.2 to 0.5 ms of the processor for a page, as much as the API does for it, and on the same two cores; this takes 0.05 ms. */
export async function openReader(url: string, apiKey: string): Promise<Reader> {
  const { host, hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  let pieces: Buffer[] = [];
  let length = 0;
  let expected = Number.POSITIVE_INFINITY;
  let answered = Promise.withResolvers<Buffer>();
  const fail = (error: Error) => answered.reject(error);
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the API closed the connection')));
  socket.on('data', (piece) => {
    pieces.push(piece);
    length += piece.byteLength;
    if (expected === Number.POSITIVE_INFINITY) expected = lengthOf(Buffer.concat(pieces));
    if (length < expected) return;
    const answer = Buffer.concat(pieces);
    pieces = [];
    length = 0;
    expected = Number.POSITIVE_INFINITY;
    const status = answer.toString('latin1', 9, 12);
    if (status !== '200') fail(new Error(`the API answered with ${status}`));
    else answered.resolve(answer.subarray(answer.indexOf(headEnd) + headEnd.length));
  });
  return {
    async get(path) {
      const begun = performance.now();
      answered = Promise.withResolvers();
      socket.write(
        `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${apiKey}\r\n\r\n`,
      );
      const body = await answered.promise;
      return { body, took_ms: performance.now() - begun };
    },
    close() {
      // Nobody waits for an answer any more.
      answered.promise.catch(() => undefined);
      socket.destroy();
    },
  };
}

/** Of the whole answer, once its head is there. */
function lengthOf(answer: Buffer): number {
  const head = answer.indexOf(headEnd);
  if (head < 0) return Number.POSITIVE_INFINITY;
  const stated = /\r\ncontent-length: (\d+)/i.exec(answer.toString('latin1', 0, head))?.[1];
  if (stated === undefined) throw new Error('the API states no length');
  return head + headEnd.length + Number(stated);
}
