import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeFlags } from '@rollcall/config';
import { followLog, readLogTail } from './log-file.ts';

/** A process of ours that ends when we do, however we do. */
export interface Child {
  readonly name: string;
  readonly logPath: string;
  /** Resolves with how it ended, `code 1` or `SIGKILL`; never rejects. */
  readonly ended: Promise<string>;
  /** Asks it to stop, and kills it where it does not. May be called again. */
  stop(): Promise<void>;
}

export interface ChildCommand {
  readonly name: string;
  /** The program, from the repository's root. */
  readonly program: string;
  readonly arguments?: readonly string[];
  /** All that it gets of an environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logFolder: string;
  /** Once it is aborted, a program that is not ready yet is stopped. */
  readonly stopped?: AbortSignal;
}

/** A program ended before it was ready, or was not ready in time. */
export class ChildFailed extends Error {
  readonly code = 'child_failed';
  /** How it ended by itself, `code 1`; null: it was stopped. */
  readonly how: string | null;
  constructor(message: string, how: string | null) {
    super(message);
    this.how = how;
  }
}

const repository = join(import.meta.dirname, '../..');
const ready_ms = 60_000;
/** Above what each program allows itself (20 s and a little), within the 30 s of P13. */
const stop_ms = 26_000;

/**
 * Starts a program of this repository by the Node that runs us, output to `<logFolder>/<name>.log`, and waits until `isReady` finds what it
 * looks for in a line of that log. Throws ChildFailed, with the end of the log, where the program ends before.
 */
export async function startChild<Ready>(
  command: ChildCommand,
  isReady: (line: string) => Ready | undefined,
): Promise<{ readonly child: Child; readonly ready: Ready }> {
  const { name } = command;
  const logPath = join(command.logFolder, `${name}.log`);
  // What the last run said may be what somebody wants to know after a restart.
  await rename(logPath, previousLogOf(logPath)).catch(() => undefined);
  // A file and no pipe: a pipe would make the child wait whenever we are busy, and break when we are killed.
  const log = await open(logPath, 'w', 0o600);
  const started = spawn(
    process.execPath,
    // The other end of its standard input is ours alone: the system closes it however we end, kill -9 included.
    [
      ...nodeFlags,
      join(repository, command.program),
      '--until-stdin-ends',
      ...(command.arguments ?? []),
    ],
    {
      // Its own session: Ctrl-C in a terminal reaches us alone, and we stop everything in order.
      detached: true,
      cwd: '/',
      env: command.environment,
      stdio: ['pipe', log.fd, log.fd],
    },
  );
  await log.close();
  started.stdin?.on('error', () => undefined);
  let hasEnded = false;
  const ended = Promise.race([
    once(started, 'exit').then(([code, signal]) => (signal as string | null) ?? `code ${code}`),
    once(started, 'error').then(([error]) => String(error)),
  ])
    .catch(String)
    .finally(() => {
      hasEnded = true;
    });
  let stopping: Promise<void> | undefined;
  const child: Child = {
    name,
    logPath,
    ended,
    stop() {
      stopping ??= (async () => {
        if (hasEnded) return;
        started.kill('SIGTERM');
        const waiting = new AbortController();
        const late = delay(stop_ms, 'late', { signal: waiting.signal }).catch(() => 'ended');
        if ((await Promise.race([ended, late])) === 'late') started.kill('SIGKILL');
        waiting.abort();
        await ended;
      })();
      return stopping;
    },
  };
  const nextLines = followLog(logPath);
  const giveUpAt = performance.now() + ready_ms;
  while (performance.now() < giveUpAt && command.stopped?.aborted !== true) {
    // Asked before the log is read, so that the last words of a child that ended are still seen.
    const over = hasEnded;
    for (const line of await nextLines()) {
      const ready = isReady(line);
      if (ready !== undefined) return { child, ready };
    }
    if (over) {
      const how = await ended;
      throw new ChildFailed(
        `The ${name} ended at its start (${how}). Its log ends:\n${await readLogTail(logPath)}`,
        how,
      );
    }
    await Promise.race([ended, delay(20)]);
  }
  await child.stop();
  if (command.stopped?.aborted)
    throw new ChildFailed(`The ${name} was stopped at its start.`, null);
  throw new ChildFailed(
    `The ${name} was not ready after ${ready_ms / 1_000} s. Its log ends:\n${await readLogTail(logPath)}`,
    null,
  );
}

/** Where the log is of the one that ran before. */
export function previousLogOf(logPath: string): string {
  return logPath.replace(/\.log$/, '.previous.log');
}

/** Reads a line of a program's log as JSON: its fields, or an empty object where it is no JSON. */
export function fieldsOf(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
