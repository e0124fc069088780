import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type FaultSwitches,
  faultSwitches,
  type LostReply,
  noFaults,
  type WireFaults,
  type WireWay,
} from './wire-faults.ts';

/** How far back a client's bytes are looked through for a match. */
const MATCH_WINDOW_BYTES = 4_096;
/** At most so many pieces a second are dripped: faster trickles come in larger pieces. */
const DRIPS_PER_SECOND_MAX = 50;

/** One client's connection to the server: faults of its own, over those that the wire gave it at its start. */
export interface WireConnection extends FaultSwitches {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
  change(edit: (faults: WireFaults) => void): void;
}

/**
 * Hands bytes on between two sockets, as the faults say. Closing is handed on too, an orderly end as an end and a reset as
 * a reset, save where nothing goes through.
 */
export function openWireConnection(
  client: Socket,
  server: Socket,
  atStart: WireFaults,
  tell: { replyDropped(): void; swallowed(bytes: number): void },
): WireConnection {
  let faults = { ...atStart };
  let matched: LostReply | undefined;
  let sent = '';
  /** Bytes were swallowed: what follows them would be nonsense. */
  let damaged = false;
  /** The client is gone and must not hear, the server finishes what it was given. */
  let orphaned = false;
  let thawed = Promise.withResolvers<void>();
  const over = new AbortController();
  const sockets = [client, server];

  const silent = (way: WireWay) => faults.frozen || faults.swallowed.has(way);

  /** Hands the end of one side on to the other, once nothing stands between them. */
  function settle(): void {
    if (client.destroyed && server.destroyed) over.abort();
    if (orphaned) return;
    if (client.destroyed && !silent('to_server')) hangUp(server, client);
    if (server.destroyed && !silent('to_client')) hangUp(client, server);
  }

  async function passOn(way: WireWay, from: Socket, to: Socket): Promise<void> {
    // An iterator that ends takes the whole socket with it, if it may, and the other way is still wanted.
    for await (const read of from.iterator({ destroyOnReturn: false })) {
      const bytes = read as Buffer;
      if (faults.delay_ms > 0) await sleep(faults.delay_ms, undefined, { signal: over.signal });
      while (faults.frozen) await thawed.promise;
      if (orphaned) continue;
      if (faults.swallowed.has(way)) {
        damaged = true;
        tell.swallowed(bytes.length);
      } else if (way === 'to_server') await deliverToServer(bytes);
      else await deliverToClient(bytes);
    }
    while (faults.frozen) await thawed.promise;
    if (!silent(way)) to.end();
  }

  async function deliverToServer(bytes: Buffer): Promise<void> {
    sent = (sent + bytes.toString('latin1')).slice(-MATCH_WINDOW_BYTES - bytes.length);
    const found = faults.lostReplies.find((lost) => !lost.used && matches(lost, sent));
    if (found !== undefined) {
      found.used = true;
      matched = found;
      sent = '';
    }
    await write(server, bytes);
  }

  async function deliverToClient(bytes: Buffer): Promise<void> {
    matched ??= faults.lostReplies.find((lost) => !lost.used && lost.match === undefined);
    if (matched !== undefined) {
      dropReplyNow(matched);
      return;
    }
    const kept = bytes.subarray(0, faults.clientBytesLeft);
    faults.clientBytesLeft -= kept.length;
    await trickle(kept);
    if (faults.clientBytesLeft > 0) return;
    orphaned = true;
    client.end();
    server.destroy();
  }

  function dropReplyNow(lost: LostReply): void {
    lost.used = true;
    matched = undefined;
    if (lost.after === 'silence') {
      faults.swallowed = new Set([...faults.swallowed, 'to_client']);
      damaged = true;
    } else {
      orphaned = true;
      resetNow(client);
      server.end();
    }
    tell.replyDropped();
  }

  async function trickle(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (rest.length > 0 && Number.isFinite(faults.clientBytesPerSecond)) {
      const rate = faults.clientBytesPerSecond;
      const piece = rest.subarray(0, Math.max(1, Math.floor(rate / DRIPS_PER_SECOND_MAX)));
      rest = rest.subarray(piece.length);
      await write(client, piece);
      await sleep((piece.length / rate) * 1_000, undefined, { signal: over.signal });
    }
    if (rest.length > 0) await write(client, rest);
  }

  /** Waits while the receiver is slow, so that this wire keeps no more than the sockets themselves do. */
  async function write(to: Socket, bytes: Buffer): Promise<void> {
    if (to.destroyed || to.write(bytes)) return;
    await new Promise<void>((resolve) => {
      // Both go when one has come: a connection that waits often would gather the other.
      const goOn = () => {
        to.off('drain', goOn).off('close', goOn);
        resolve();
      };
      to.on('drain', goOn).on('close', goOn);
    });
  }

  function reset(): void {
    for (const socket of sockets) resetNow(socket);
  }

  const closed = Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          // What went wrong shows in `errored`, and in the loop that reads.
          socket.on('error', () => undefined);
          socket.on('close', () => {
            settle();
            resolve();
          });
        }),
    ),
  ).then(() => undefined);
  // A socket that was reset ends its loop with an error, which `settle` has handed on by then.
  passOn('to_server', client, server).catch(() => undefined);
  passOn('to_client', server, client).catch(() => undefined);

  function mend(): void {
    faults = noFaults();
    matched = undefined;
    if (damaged) reset();
    thawed.resolve();
    thawed = Promise.withResolvers();
    settle();
  }

  const change = (edit: (faults: WireFaults) => void) => edit(faults);
  return { closed, change, ...faultSwitches(change, reset, mend) };
}

function matches({ match }: LostReply, sent: string): boolean {
  if (match === undefined) return false;
  return typeof match === 'string' ? sent.includes(match) : sent.search(match) >= 0;
}

/** Ends `socket` as its other side ended: by a reset where there was one. */
function hangUp(socket: Socket, gone: Socket): void {
  if (socket.destroyed) return;
  if (gone.errored) resetNow(socket);
  else socket.destroySoon();
}

/**
 * Sends RST where that can be had. A socket that has said its end, or has bytes left to say, is closed without: libuv refuses
 * to reset the one (EINVAL, and Node then never emits `close`), and the other would wait for a peer that does not read.
 */
function resetNow(socket: Socket): void {
  if (socket.writableEnded || socket.writableLength > 0) socket.destroy();
  else socket.resetAndDestroy();
}
