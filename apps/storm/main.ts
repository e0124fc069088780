import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { playBaseline } from './baseline/play-baseline.ts';
import { openLane } from './lane.ts';
import { type EpisodeReport, playEpisode } from './play-episode.ts';
import { type Flags, readFlags } from './read-flags.ts';
import { crashScheduleOf, leaseScheduleOf, type Schedule, scheduleOf } from './schedule.ts';
import { realLeases, stormLeases } from './storm-leases.ts';
import { summarise } from './summarise.ts';

const out = (line: string) => process.stdout.write(`${line}\n`);

/** Deaths at crash points in one episode: enough to be worth its start, few enough that its timelines can be read. */
const crashesPerEpisode = 40;
const workers = 3;

/** The schedules that the flags ask for, in their order. */
function* schedulesOf(flags: Flags): Generator<Schedule> {
  const { seed, backend, firstRun, crashPoints } = flags;
  if (crashPoints === null) {
    for (let run = firstRun; run < firstRun + flags.runs; run += 1) {
      const of = flags.realLeases ? leaseScheduleOf : scheduleOf;
      yield of(seed, run, { backend, workers });
    }
    return;
  }
  let left = crashPoints;
  for (let run = firstRun; left > 0; run += 1) {
    const crashes = Math.min(crashesPerEpisode, left);
    yield crashScheduleOf(seed, run, { backend, workers, crashes });
    left -= crashes;
  }
}

async function storm(flags: Flags): Promise<number> {
  const schedules = schedulesOf(flags);
  const reports: EpisodeReport[] = [];

  async function playInLane(): Promise<void> {
    const lane = await openLane();
    try {
      for (const schedule of schedules) {
        const { run } = schedule;
        if (flags.verbose) out(`run ${run}: ${JSON.stringify(schedule)}`);
        const say = (line: string) => {
          if (flags.verbose) out(`run ${run} ${new Date().toISOString().slice(11, 23)} ${line}`);
        };
        const leases = flags.realLeases ? realLeases : stormLeases;
        const report = await (flags.baseline
          ? playBaseline(lane, schedule, say)
          : playEpisode(lane, schedule, leases, say));
        reports.push(report);
        describe(schedule, report);
      }
    } finally {
      await lane.close();
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: flags.atOnce }, playInLane));
  const broken = lanes.find((lane) => lane.status === 'rejected');
  if (broken) throw broken.reason;
  out(JSON.stringify(summarise(flags.seed, await commit(), reports)));
  if (flags.baseline) return 0;
  return reports.some(({ violations }) => violations.length > 0) ? 1 : 0;
}

function describe(schedule: Schedule, report: EpisodeReport): void {
  const { chunks, charges, held, crashes, recovery_s, violations } = report;
  out(
    `run ${schedule.run} on ${schedule.backend}: ${chunks} chunks, ${charges} charges, ${held} held, ${crashes} deaths at crash points, ` +
      `quiet after ${recovery_s.toFixed(1)} s, ${violations.length} violations`,
  );
  for (const { kind, chunkId, what } of violations) out(`  ${kind}: ${chunkId ?? ''} ${what}`);
  for (const timeline of report.timelines) out(timeline);
}

async function commit(): Promise<string> {
  const asked = promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: import.meta.dirname });
  return asked.then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown',
  );
}

const flags = readFlags(process.argv.slice(2));
if ('problem' in flags) {
  process.stderr.write(`${flags.problem}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await storm(flags);
}
