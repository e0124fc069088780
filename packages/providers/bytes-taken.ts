import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

/** How often a write in hand is looked at: a reset leaves no later chance to ask how far it came. */
const look_ms = 50;

interface Counted {
  /** Bytes of the writes that ended well. */
  ended: number;
  /** Bytes of the write in hand, and how many of them libuv still queued when last looked at. */
  inHand: number;
  queued: number;
}
const counted = new WeakMap<Socket, Counted>();

/** libuv's own count of what the kernel did not take yet; Node has it on every stream's handle and leaves it out of its types. */
function queueOf(socket: Socket): number | null {
  const { _handle: handle } = socket as { _handle?: { readonly writeQueueSize?: unknown } | null };
  return typeof handle?.writeQueueSize === 'number' ? handle.writeQueueSize : null;
}

/**
 * Counts what the operating system takes of a socket's writes. Neither undici's `bodySent` nor `bytesWritten` says it: both count bytes
 * that only reached a buffer of this process. Over TLS up to 160 KiB on their way between two buffers count as taken.
 */
export function countTaken(socket: Socket): void {
  const count: Counted = { ended: 0, inHand: 0, queued: 0 };
  counted.set(socket, count);
  const look = () => {
    if (count.inHand > 0) count.queued = Math.min(count.inHand, queueOf(socket) ?? count.queued);
  };
  let timer: NodeJS.Timeout | undefined;
  const begin = (bytes: number) => {
    count.inHand = bytes;
    count.queued = bytes;
    timer = setInterval(look, look_ms).unref();
  };
  const end = (error: Error | null | undefined) => {
    clearInterval(timer);
    if (error) return;
    count.ended += count.inHand;
    count.inHand = 0;
    count.queued = 0;
  };
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, done) => {
    begin(sizeOf(chunk, encoding));
    write(chunk, encoding, (error) => {
      end(error);
      done(error);
    });
    look();
  };
  if (writev !== undefined) {
    socket._writev = (chunks, done) => {
      begin(chunks.reduce((sum, { chunk, encoding }) => sum + sizeOf(chunk, encoding), 0));
      writev(chunks, (error) => {
        end(error);
        done(error);
      });
      look();
    };
  }
  socket.once('close', () => clearInterval(timer));
}

/** Bytes that the operating system took of all that was written to a counted socket, or had taken when it was last seen. */
export function bytesTaken(socket: Socket): number {
  const count = counted.get(socket);
  if (!count) return 0;
  const queued = socket.destroyed ? null : queueOf(socket);
  return count.ended + count.inHand - Math.min(count.queued, queued ?? count.queued);
}

function sizeOf(chunk: unknown, encoding: BufferEncoding): number {
  return typeof chunk === 'string'
    ? Buffer.byteLength(chunk, encoding)
    : (chunk as Uint8Array).byteLength;
}
