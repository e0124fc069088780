import type { EpisodeReport } from './play-episode.ts';
import { faultKinds } from './schedule.ts';
import type { Violation } from './violation.ts';

/** The last line of a storm: all of its episodes in one object. */
export function summarise(seed: string, commit: string, reports: readonly EpisodeReport[]): object {
  const sum = (of: (report: EpisodeReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  const violated = (kinds: readonly Violation['kind'][]) =>
    sum(({ violations }) =>
      violations.reduce((total, { kind, count }) => total + (kinds.includes(kind) ? count : 0), 0),
    );
  return {
    seed,
    commit,
    runs: reports.length,
    chunks: sum(({ chunks }) => chunks),
    charges: sum(({ charges }) => charges),
    faults: Object.fromEntries(
      [...faultKinds, 'crash_point' as const].map((kind) => [
        kind,
        sum(({ faults }) => faults[kind] ?? 0),
      ]),
    ),
    crash_points: Object.fromEntries(
      [
        ...Map.groupBy(
          reports.flatMap(({ crashes }) => crashes),
          String,
        ),
      ]
        .map(([point, deaths]) => [point, deaths.length] as const)
        .sort(([one], [other]) => one.localeCompare(other)),
    ),
    paid_twice: violated(['paid_twice']),
    lost: violated(['lost', 'money']),
    stale_writes: violated(['stale_write', 'status']),
    partial: violated(['partial', 'file']),
    held: sum(({ held }) => held),
    stuck: violated(['stuck', 'lease']),
    max_recovery_s: Number(Math.max(0, ...reports.map(({ recovery_s }) => recovery_s)).toFixed(1)),
  };
}
