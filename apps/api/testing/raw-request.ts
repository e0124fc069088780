import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** A connection on which a test writes HTTP by hand, to do what no client would. */
export async function openRaw(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Sends these bytes and returns all that comes until the server closes. */
export async function sendRaw(url: string, bytes: string): Promise<string> {
  const socket = await openRaw(url);
  socket.write(bytes);
  return await text(socket);
}
