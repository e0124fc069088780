import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** A process and what it was started as: its command line, in one string. */
export interface Ancestor {
  readonly pid: number;
  readonly command: string;
}

const look_ms = 1_000;

/** `npm exec …`, `pnpm start`, `node /usr/bin/npx …`, but not a path below `node_modules/.pnpm`. */
const packageManager = /(?:^|[\s/'"])(?:p?npm|npx)\b/;
const shell = /^\S*sh -c /;

/**
 * Of the ancestors, the nearest first, those that belong to one `npx … pnpm start`: package managers and the shells between them. What
 * is above, a terminal or a script, may end while we go on in the background.
 */
export function launchersAmong(ancestors: readonly Ancestor[]): readonly Ancestor[] {
  const isManager = ({ command }: Ancestor) => packageManager.test(command) && !shell.test(command);
  const end = ancestors.findIndex((each) => !isManager(each) && !shell.test(each.command));
  const near = end === -1 ? ancestors : ancestors.slice(0, end);
  return near.slice(0, near.findLastIndex(isManager) + 1);
}

/**
 * Resolves when one of the package managers that started us is gone: one that is killed tells its children nothing, and we would
 * go on unseen. Never resolves where a person or a system started us without one.
 */
export async function untilLauncherIsGone(): Promise<void> {
  const line = [process.pid, ...launchersAmong(await findAncestors()).map(({ pid }) => pid)];
  if (line.length === 1) return new Promise(() => undefined);
  for (;;) {
    await delay(look_ms, undefined, { ref: false });
    // By their children's parents and not by their own numbers, which are there for as long as nobody has asked how they ended.
    for (const [index, parent] of line.slice(1).entries()) {
      const seen = await look(line[index] ?? 0);
      if (seen?.parent !== parent) return;
    }
  }
}

async function findAncestors(): Promise<Ancestor[]> {
  const found: Ancestor[] = [];
  for (let pid = process.ppid; pid > 1; ) {
    const seen = await look(pid);
    if (seen === null) break;
    found.push({ pid, command: seen.command });
    pid = seen.parent;
  }
  return found;
}

/** Null where there is no such process. */
async function look(pid: number): Promise<{ parent: number; command: string } | null> {
  if (process.platform === 'linux') {
    const [stat, command] = await Promise.all(
      ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => null)),
    );
    if (typeof stat !== 'string' || typeof command !== 'string') return null;
    // The second field is a name in parentheses, which may hold anything; the parent is the second one after it (proc(5)).
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return { parent, command: command.replaceAll('\0', ' ').trim() };
  }
  const ran = await promisify(execFile)('ps', ['-o', 'ppid=,command=', '-p', String(pid)]).catch(
    () => null,
  );
  const [, parent, command] = /^\s*(\d+)\s+(.*)/.exec(ran?.stdout ?? '') ?? [];
  return parent === undefined ? null : { parent: Number(parent), command: command ?? '' };
}
