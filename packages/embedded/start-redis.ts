import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { bringUpServer } from './bring-up-server.ts';
import { findRedisServer } from './find-redis-server.ts';
import { pickFreePort } from './pick-free-port.ts';
import { prepareServerDirectory, type ServerDirectory } from './server-directory.ts';
import { giveToServer } from './server-owner.ts';

export type EmbeddedRedis = {
  /** `redis://:<password>@127.0.0.1:<port>` */
  url: string;
  /** `redis 7.0.15`, `valkey 8.0.1` */
  version: string;
  /** Resolves with how it ended, `code 1` or `SIGKILL`; it may have been by itself. Never rejects. */
  ended: Promise<string>;
  /** Its own log; `server.previous.log` beside it is that of the one before. Gone with a temporary directory. */
  logPath: string;
  /** Orderly and bounded; removes a temporary directory. May be called again. */
  stop(): Promise<void>;
};

const ATTEMPTS_AT_A_PORT = 5;

/**
 * Starts Redis for this machine only: 127.0.0.1, password, `noeviction`; it ends with us, however we end.
 * With `dataDirectory` every write goes to an append-only file there, without it nothing is kept. `inPlaceOf`: the URL of one that has
 * ended, whose port and password this one takes over.
 * `unavailable` says what was tried; a server that is there but does not start is thrown.
 */
export async function startRedis(
  options: { dataDirectory?: string; inPlaceOf?: string } = {},
): Promise<EmbeddedRedis | { unavailable: string }> {
  const program = await findRedisServer();
  if ('unavailable' in program) return program;
  for (let attempt = 1; ; attempt += 1) {
    const directory = await prepareServerDirectory('redis', options.dataDirectory);
    const before = options.inPlaceOf === undefined ? null : new URL(options.inPlaceOf);
    const password = before?.password ?? randomBytes(24).toString('hex');
    const port = before ? Number(before.port) : await pickFreePort();
    const started = await bringUpServer(
      directory,
      {
        command: program.command,
        arguments: [await writeConfiguration(directory, password, port)],
        environment: program.environment,
        stopSignal: 'TERM',
      },
      () => answers(port, password),
    );
    if (started.kind === 'ready') {
      const url = `redis://:${password}@127.0.0.1:${port}`;
      const { server, logPath } = started;
      return { url, version: program.version, ended: server.exited, logPath, stop: server.stop };
    }
    const portTaken = started.log.includes('Could not create server TCP listening socket');
    if (!portTaken || attempt === ATTEMPTS_AT_A_PORT)
      throw new Error(`${program.version} did not start. Its log ends:\n${started.log}`);
  }
}

/** A file and not arguments: everybody on the machine may read a command line, and this holds the password. */
async function writeConfiguration(
  directory: ServerDirectory,
  password: string,
  port: number,
): Promise<string> {
  const data = join(directory.path, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  await giveToServer(data);
  const path = join(directory.path, 'redis.conf');
  await rm(path, { force: true });
  const text = configurationText(password, port, data, !directory.temporary);
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  await giveToServer(path);
  return path;
}

function configurationText(password: string, port: number, data: string, kept: boolean): string {
  return [
    'bind 127.0.0.1',
    'protected-mode yes',
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${data}"`,
    'daemonize no',
    'save ""',
    `appendonly ${kept ? 'yes' : 'no'}`,
    // Any other policy drops jobs when memory runs out, and BullMQ only warns.
    'maxmemory-policy noeviction',
    '',
  ].join('\n');
}

/** True when the server behind the port takes our password and is ready; "-LOADING" is not. */
function answers(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    let received = '';
    const socket = createConnection({ host: '127.0.0.1', port, timeout: 1_000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      if (received.includes('+PONG')) end(true);
      else if (received.includes('\n-') || received.startsWith('-')) end(false);
    });
    socket.on('error', () => end(false));
    socket.on('timeout', () => end(false));
    socket.on('close', () => end(false));
  });
}
