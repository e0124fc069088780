import type { ServerResponse } from 'node:http';

/**
 * Cuts a response when bytes have been waiting for its reader for `stall_ms` and none were taken. The server's own timeout goes by silence
 * alone, and would cut an export as well whose rows Postgres is still looking for; so it is put aside for this response.
 */
export function cutStalledReader(response: ServerResponse, stall_ms: number): void {
  const { socket } = response;
  // Node sets its own again for what comes next on the connection.
  socket?.setTimeout(0);
  let taken_bytes = -1;
  const watching = setInterval(() => {
    const waiting_bytes = (socket?.writableLength ?? 0) + response.writableLength;
    const now_bytes = (socket?.bytesWritten ?? 0) - waiting_bytes;
    if (waiting_bytes > 0 && now_bytes === taken_bytes) response.destroy();
    taken_bytes = now_bytes;
  }, stall_ms).unref();
  response.once('close', () => clearInterval(watching));
}
