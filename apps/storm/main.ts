import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { playBaseline } from './baseline/play-baseline.ts';
import { buildPrograms } from './ground/build-programs.ts';
import { closingLine } from './closing-line.ts';
import { type Lane, openLane } from './ground/lane.ts';
import { playDeaths } from './play-deaths.ts';
import { type EpisodeReport, playEpisode } from './play-episode.ts';
import { type Flags, readFlags, usage } from './read-flags.ts';
import { leaseScheduleOf, scheduleOf } from './faults/schedule.ts';
import { killWorkers } from './ground/start-worker.ts';
import { realLeases, stormLeases } from './ground/storm-leases.ts';
import { runsBelowFiveKinds, summarise } from './summarise.ts';

/**
 * `storm [--seed S] [--runs N] [--first-run R] [--backend redis|postgres] [--at-once K] [--verbose]`: N episodes, K at a time, each drawn
 * from the seed and its number (faults/schedule.ts). Instead of those, `--crash-points N` ends N processes at named points, each doing one step of
 * the worker, and nothing else but scripted answers happens (play-deaths.ts); `--real-leases` plays a death in each stage with the leases of production; `--baseline` puts a naive worker
 * under the same faults. What a run starts ends with it, a signal included. The last line but one is for people; the last is one JSON object: `faults` counts
 * those that struck, `crash_points` the deaths at each, and from `paid_twice` on come what was violated and what was measured
 * (check/violation.ts). Exit codes: 0 nothing violated, 1 a violation, whose timeline is printed, or a run below five kinds of fault (strike-late.ts), 2 flags that cannot be read.
 */
const out = (line: string) => process.stdout.write(`${line}\n`);

/** Deaths at crash points in one episode: enough to be worth its start, few enough that its timelines can be read. */
const deathsPerEpisode = 100;
const workers = 3;

interface Episode {
  readonly run: number;
  readonly title: string;
  /** All that the seed says of it. */
  readonly plan: object;
  play(lane: Lane, say: (line: string) => void): Promise<EpisodeReport>;
}

/** The episodes that the flags ask for, in their order. */
function* episodesOf(flags: Flags): Generator<Episode> {
  const { seed, backend, firstRun, crashPoints } = flags;
  if (crashPoints !== null) {
    for (let run = firstRun, left = crashPoints; left > 0; run += 1) {
      const plan = { seed, run, deaths: Math.min(left, deathsPerEpisode) };
      left -= plan.deaths;
      const title = `run ${run}`;
      yield { run, title, plan, play: (lane, say) => playDeaths(lane, plan, say) };
    }
    return;
  }
  for (let run = firstRun; run < firstRun + flags.runs; run += 1) {
    const of = flags.realLeases ? leaseScheduleOf : scheduleOf;
    const plan = of(seed, run, { backend, workers });
    const leases = flags.realLeases ? realLeases : stormLeases;
    const play: Episode['play'] = (lane, say) =>
      flags.baseline ? playBaseline(lane, plan, say) : playEpisode(lane, plan, leases, say);
    yield { run, title: `run ${run} on ${plan.backend}`, plan, play };
  }
}

/** What a storm has open: all that its end must close, whether it comes by itself or by a signal. */
interface House {
  readonly folder: string;
  readonly lanes: Set<Lane>;
}

async function storm(flags: Flags, { folder, lanes }: House): Promise<number> {
  const programs = await buildPrograms(folder);
  const reports: EpisodeReport[] = [];
  const deathsSoFar = () => reports.reduce((sum, { crashes }) => sum + crashes.length, 0);
  const episodes = episodesOf(flags);
  const begun = performance.now();

  async function playInLane(): Promise<void> {
    const lane = await openLane(programs, folder);
    lanes.add(lane);
    for (const { run, title, plan, play } of episodes) {
      if (flags.verbose) out(`run ${run}: ${JSON.stringify(plan)}`);
      const say = (line: string) => {
        if (flags.verbose) out(`run ${run} ${new Date().toISOString().slice(11, 23)} ${line}`);
      };
      const report = await play(lane, say);
      reports.push(report);
      describe(title, report);
      const after_s = ((performance.now() - begun) / 1_000).toFixed(0);
      if (flags.crashPoints !== null)
        out(`${deathsSoFar()} of ${flags.crashPoints} deaths after ${after_s} s`);
    }
    lanes.delete(lane);
    await lane.close();
  }
  const played = await Promise.allSettled(Array.from({ length: flags.atOnce }, playInLane));
  const broken = played.find((lane) => lane.status === 'rejected');
  if (broken) throw broken.reason;
  const manyKinds = flags.crashPoints === null && !flags.realLeases;
  const below = manyKinds ? runsBelowFiveKinds(reports) : 0;
  out(closingLine(reports, flags.baseline, below));
  out(JSON.stringify(summarise(flags.seed, await commit(), reports, manyKinds)));
  if (flags.baseline) return 0;
  return below > 0 || reports.some(({ violations }) => violations.length > 0) ? 1 : 0;
}

function describe(title: string, report: EpisodeReport): void {
  const { chunks, charges, held, crashes, recovery_s, violations } = report;
  out(
    `${title}: ${chunks} chunks, ${charges} charges, ${held} held, ${crashes.length} deaths at crash points, ` +
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

async function clear({ folder, lanes }: House): Promise<void> {
  killWorkers();
  await Promise.allSettled([...lanes].map((lane) => lane.close()));
  // Who was started again meanwhile.
  killWorkers();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

async function main(flags: Flags): Promise<number> {
  const house: House = {
    folder: await mkdtemp(join(tmpdir(), 'rollcall-storm-')),
    lanes: new Set<Lane>(),
  };
  // Servers run as another account when we are root, which must be able to walk here.
  await chmod(house.folder, 0o711);
  let ending: Promise<void> | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      // The episodes lose their servers under their feet, and say so in vain.
      process.on('unhandledRejection', () => undefined);
      ending ??= clear(house).then(() => process.exit(exitCodes[signal]));
    });
  }
  try {
    return await storm(flags, house);
  } finally {
    await (ending ?? clear(house));
  }
}

const flags = readFlags(process.argv.slice(2));
if ('help' in flags) {
  process.stdout.write(usage);
} else if ('problem' in flags) {
  process.stderr.write(`${flags.problem}; --help lists the flags\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await main(flags);
}
