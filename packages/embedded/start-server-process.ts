import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { serverOwner } from './server-owner.ts';

/** A server that ends when we do. */
export type ServerProcess = {
  /** Process id of the server itself, not of its supervisor. */
  pid: number;
  /** True once the server is gone, for whatever reason. */
  hasExited(): boolean;
  /** Resolves with how the server ended, `code 1` or `SIGKILL`, when its supervisor is gone too; a temporary directory is empty by then. */
  exited: Promise<string>;
  /** Asks the server to stop, kills it after `STOP_LIMIT_MS`, removes its temporary directory; may be called again. */
  stop(): Promise<void>;
};

export type ServerCommand = {
  command: string;
  arguments: string[];
  environment?: Record<string, string>;
  /** The signal of an orderly and prompt stop: SIGINT is Postgres's "fast", SIGTERM is Redis's. */
  stopSignal: 'INT' | 'TERM';
  /** Open file that takes the server's stdout and stderr. A pipe would block it whenever we are busy. */
  logDescriptor: number;
  /** Removed when the server has ended; must belong to the server's account. */
  temporaryDirectory?: string;
};

const STOP_LIMIT_MS = 15_000;

/**
 * Stands between us and the server. Its stdin is a pipe whose other end only we hold: when we die, be it by
 * kill -9, `read` returns and the server is stopped. The signal is repeated because it is ignored until the server
 * has installed its handlers (POSIX: background commands of a shell start with SIGINT ignored). The trap makes the reader
 * outlive its own `sleep`, so that none is orphaned.
 */
const SUPERVISOR = `
signal=$1; temporary=$2; shift 2
exec 3<&0 </dev/null
"$@" >&2 3<&- &
child=$!
echo "$child"
exec >/dev/null
trap 'kill -s "$signal" "$child"' TERM INT HUP
(
  trap - TERM INT HUP
  read -r nothing <&3
  trap exit TERM
  while kill -s "$signal" "$child"; do sleep 0.1; done
) 2>/dev/null &
reader=$!
exec 3<&-
wait "$child"; code=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
kill "$reader" 2>/dev/null; wait "$reader"
if [ -n "$temporary" ]; then rm -rf -- "$temporary"; fi
exit "$code"
`;

/** Starts a server under the supervisor, as the server's account, with nothing of our environment. */
export async function startServerProcess(server: ServerCommand): Promise<ServerProcess> {
  const supervisor = spawn(
    '/bin/sh',
    [
      '-c',
      SUPERVISOR,
      'rollcall-supervisor',
      server.stopSignal,
      server.temporaryDirectory ?? '',
    ].concat(server.command, server.arguments),
    {
      // Its own session: Ctrl-C reaches us alone, and we stop servers after their clients.
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', ...server.environment },
      stdio: ['pipe', 'pipe', server.logDescriptor],
      ...serverOwner(),
    },
  );
  const { stdin, stdout } = supervisor;
  if (!stdin || !stdout) throw new Error('The supervisor was started without its pipes.');
  // Writing never happens; a supervisor that is gone already must not surprise us with EPIPE.
  stdin.on('error', () => undefined);
  let gone = false;
  const exited = once(supervisor, 'exit').then(([code, signal]) => {
    gone = true;
    return (signal as string | null) ?? nameOfEnd(Number(code));
  });
  const firstLine = await Promise.race([
    once(createInterface(stdout), 'line'),
    exited.then(() => []),
  ]);
  const pid = Number(firstLine[0]);
  if (!Number.isInteger(pid) || pid <= 0)
    throw new Error(`${server.command} could not be started.`);
  const stop = async (): Promise<void> => {
    stdin.end();
    const limit = new AbortController();
    const inTime = await Promise.race([
      exited.then(() => true),
      delay(STOP_LIMIT_MS, false, { signal: limit.signal }).catch(() => false),
    ]);
    limit.abort();
    if (!inTime && !gone) process.kill(pid, 'SIGKILL');
    await exited;
    // The supervisor empties it but, where only we may write to its parent, cannot remove it.
    if (server.temporaryDirectory)
      await rm(server.temporaryDirectory, { recursive: true, force: true });
  };
  let stopping: Promise<void> | undefined;
  return { pid, hasExited: () => gone, exited, stop: () => (stopping ??= stop()) };
}

/** A shell reports an end by a signal as 128 and its number. */
function nameOfEnd(code: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return signal?.[0] ?? `code ${code}`;
}
