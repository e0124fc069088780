import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Flags } from './read-flags.ts';
import type { Told } from './run-cases.ts';

export interface Finding {
  readonly number: number;
  readonly what: string;
}

export interface Fuzzed {
  readonly cases: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

const program = join(import.meta.dirname, 'run-cases.ts');
/** Processor time for one case, the largest of which need some tenths of a second. */
const caseMax_ms = 20_000;
const memoryMax_mib = 512;
const look_ms = 250;
/** After so many it is clear that something is wrong. */
const findingsMax = 20;

/** Runs cases in a process of its own, and starts it again behind a case that ended it, until the time is over. */
export async function fuzz(flags: Flags): Promise<Fuzzed> {
  const byKind: Record<string, number> = {};
  const findings: Finding[] = [];
  const until = performance.now() + flags.seconds * 1_000;
  let cases = 0;
  let next = flags.only ?? 0;
  do {
    const left_s = Math.max(1, (until - performance.now()) / 1_000);
    const only = flags.only === null ? [] : ['only'];
    const runner = fork(program, [flags.seed, String(next), String(left_s), ...only], {
      execArgv: ['--no-warnings', '--max-old-space-size=256'],
    });
    const watch = watchOver(runner.pid ?? 0);
    runner.on('message', (message) => {
      const told = message as Told;
      if ('begins' in told) {
        next = told.begins;
        watch.begins();
        return;
      }
      cases += 1;
      byKind[told.kind] = (byKind[told.kind] ?? 0) + 1;
      if (told.wrong !== null)
        findings.push({ number: told.ended, what: `${told.label}: ${told.wrong}` });
      if (findings.length >= findingsMax) runner.kill('SIGKILL');
      next = told.ended + 1;
    });
    const timer = setInterval(() => {
      if (watch.passed() !== null) runner.kill('SIGKILL');
    }, look_ms);
    const [code, signal] = (await once(runner, 'exit')) as [number | null, string | null];
    clearInterval(timer);
    if (code !== 0 && findings.length < findingsMax) {
      findings.push({
        number: next,
        what: watch.passed() ?? `its process ended: ${signal ?? code}`,
      });
      next += 1;
    }
  } while (flags.only === null && findings.length < findingsMax && performance.now() < until);
  return { cases, byKind, findings };
}

/** Sees a case that takes too much of the processor, or a process that grows; Linux tells. */
function watchOver(pid: number) {
  let atBegin_ms = 0;
  let passed: string | null = null;
  return {
    begins() {
      atBegin_ms = used(pid).processor_ms;
    },
    passed(): string | null {
      const { processor_ms, peak_mib } = used(pid);
      if (processor_ms - atBegin_ms > caseMax_ms)
        passed ??= `hangs: ${caseMax_ms} ms of the processor`;
      if (peak_mib > memoryMax_mib) passed ??= `takes ${peak_mib} MiB`;
      return passed;
    },
  };
}

function used(pid: number): { readonly processor_ms: number; readonly peak_mib: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { processor_ms: ticks * 10, peak_mib: Math.round(Number(peak ?? 0) / 1_024) };
  } catch {
    return { processor_ms: 0, peak_mib: 0 };
  }
}
