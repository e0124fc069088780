import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerDirectory } from './server-directory.ts';
import {
  type ServerCommand,
  type ServerProcess,
  startServerProcess,
} from './start-server-process.ts';

/** `failed` carries the end of the server's log; a temporary directory is gone then. */
export type BroughtUp =
  | { kind: 'ready'; server: ServerProcess; logPath: string }
  | { kind: 'failed'; log: string };

const START_LIMIT_MS = 60_000;
const PROBE_EVERY_MS = 20;
const LOG_TAIL_BYTES = 2_000;

/** Starts a server with its log in `directory`, then asks `isReady` until it is, or until it has given up. */
export async function bringUpServer(
  directory: ServerDirectory,
  command: Omit<ServerCommand, 'logDescriptor' | 'temporaryDirectory'>,
  isReady: () => Promise<boolean>,
): Promise<BroughtUp> {
  const logPath = join(directory.path, 'server.log');
  // What the last one said may be what somebody wants to know after a restart.
  await rename(logPath, join(directory.path, 'server.previous.log')).catch(() => undefined);
  await rm(logPath, { force: true });
  // 'wx' refuses a link that somebody put there: we may be root, and the directory may be the server's.
  const log = await open(logPath, 'wx+', 0o600);
  try {
    const server = await startServerProcess({
      ...command,
      logDescriptor: log.fd,
      ...(directory.temporary && { temporaryDirectory: directory.path }),
    });
    const giveUpAt = Date.now() + START_LIMIT_MS;
    while (!server.hasExited() && Date.now() < giveUpAt) {
      if (await isReady()) return { kind: 'ready', server, logPath };
      await Promise.race([server.exited, delay(PROBE_EVERY_MS)]);
    }
    await server.stop();
    return { kind: 'failed', log: await readTail(log) };
  } finally {
    await log.close();
  }
}

/** By descriptor and position: the name may be gone, and the offset is shared with the server. */
async function readTail(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  const length = Math.min(size, LOG_TAIL_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.toString('utf8', 0, bytesRead).trimEnd();
}
