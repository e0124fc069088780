import { readdir, readFile } from 'node:fs/promises';

/** Processor time in seconds, of the process itself and of all that it started. */
export interface ProcessorTime {
  readonly own_s: number;
  readonly started_s: number;
}

/** What the kernel counts in, everywhere that Node runs on Linux. */
const ticksPerSecond = 100;

interface Stat {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended and were waited for. */
  readonly ended: number;
}

/**
 * Processor time since its start of a process and all below it, ended ones included. A machine that does other things too makes everything slower by the clock, and hardly
 * by this. Zeros where the system does not tell. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export async function processorTimeOf(pid: number): Promise<ProcessorTime> {
  const stats = await readStats();
  const root = stats.get(pid);
  if (root === undefined) return { own_s: 0, started_s: 0 };
  const below = (parent: number): number =>
    [...stats].reduce(
      (sum, [child, stat]) =>
        stat.parent === parent ? sum + stat.own + stat.ended + below(child) : sum,
      0,
    );
  return {
    own_s: root.own / ticksPerSecond,
    started_s: (root.ended + below(pid)) / ticksPerSecond,
  };
}

/** The process that started another; 0 where the system does not tell. */
export async function parentOf(pid: number): Promise<number> {
  return (await readStats()).get(pid)?.parent ?? 0;
}

async function readStats(): Promise<Map<number, Stat>> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  return new Map(
    texts.flatMap((text, index) => {
      // The name, in parentheses, may hold anything.
      const fields = text
        .slice(text.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      if (text === '') return [];
      const [, parent = 0] = fields;
      const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
      const stat = { parent, own: user + system, ended: endedUser + endedSystem };
      return [[Number(pids[index]), stat] as const];
    }),
  );
}
