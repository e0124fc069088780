import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { openLane } from './lane.ts';
import { type EpisodeReport, playEpisode } from './play-episode.ts';
import { type Backend, scheduleOf } from './schedule.ts';
import { summarise } from './summarise.ts';

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '4' },
    backend: { type: 'string' },
    'at-once': { type: 'string', default: '2' },
    'first-run': { type: 'string', default: '0' },
    verbose: { type: 'boolean', default: false },
  },
});

const out = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const runs = Number(flags.runs);
  const firstRun = Number(flags['first-run']);
  const backend = (flags.backend ?? null) as Backend | null;
  const reports: EpisodeReport[] = [];
  let next = firstRun;
  let failed = false;

  async function play(): Promise<void> {
    await using opened = new AsyncDisposableStack();
    const lane = await openLane();
    opened.defer(() => lane.close());
    while (next < firstRun + runs) {
      const run = next;
      next += 1;
      const schedule = scheduleOf(flags.seed, run, { backend, workers: 3, crashPoints: 1 });
      if (flags.verbose) out(`run ${run}: ${JSON.stringify(schedule)}`);
      const say = (line: string) => {
        if (flags.verbose) out(`run ${run} ${new Date().toISOString().slice(11, 23)} ${line}`);
      };
      const report = await playEpisode(lane, schedule, say);
      reports.push(report);
      out(
        `run ${run} on ${schedule.backend}: ${report.chunks} chunks, ${report.charges} charges, ${report.held} held, ` +
          `${report.crashes} crash points, quiet after ${report.recovery_s.toFixed(1)} s, ${report.violations.length} violations`,
      );
      for (const { kind, chunkId, what } of report.violations)
        out(`  ${kind}: ${chunkId ?? ''} ${what}`);
      for (const timeline of report.timelines) out(timeline);
      failed ||= report.violations.length > 0;
    }
  }
  await Promise.all(Array.from({ length: Math.min(runs, Number(flags['at-once'])) }, play));
  const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], {
    cwd: import.meta.dirname,
  }).catch(() => ({ stdout: 'unknown' }));
  out(JSON.stringify(summarise(flags.seed, stdout.trim(), reports)));
  return failed ? 1 : 0;
}

process.exitCode = await main();
