import type { Takeovers } from './check/check-leases.ts';
import type { EpisodeReport } from './play-episode.ts';
import { faultKinds, kindsMin, kindsStruck } from './faults/schedule.ts';
import type { Violation } from './check/violation.ts';

/** How many episodes were none of a storm, since too few kinds of fault struck. */
export function runsBelowFiveKinds(reports: readonly Pick<EpisodeReport, 'faults'>[]): number {
  return reports.filter(({ faults }) => kindsStruck(faults).length < kindsMin).length;
}

/** How many chunks of an episode have a charge too many. */
export function paidTwiceChunks({ violations }: Pick<EpisodeReport, 'violations'>): number {
  const twice = violations.filter(({ kind }) => kind === 'paid_twice');
  return new Set(twice.map(({ chunkId }) => chunkId)).size;
}

/** The slowest takeovers of all episodes, in seconds. */
function slowestOf(reports: readonly EpisodeReport[]): Takeovers | null {
  const met = reports.flatMap(({ takeovers }) => takeovers ?? []);
  const most = (what: keyof Takeovers) => {
    const all = met.flatMap((each) => each[what] ?? []);
    return all.length === 0 ? null : Number(Math.max(...all).toFixed(1));
  };
  if (met.length === 0) return null;
  return {
    upload_held: most('upload_held'),
    ingest_taken_over: most('ingest_taken_over'),
    poll_taken_over: most('poll_taken_over'),
  };
}

/** How often each point was met, by name. */
function countsOf(points: readonly string[]): Record<string, number> {
  const counts = [...Map.groupBy(points, String)].map(
    ([point, all]) => [point, all.length] as const,
  );
  return Object.fromEntries(counts.sort(([one], [other]) => one.localeCompare(other)));
}

/** The last line of a storm: all of its episodes in one object. `manyKinds`: its runs are to meet faults of many kinds. */
export function summarise(
  seed: string,
  commit: string,
  reports: readonly EpisodeReport[],
  manyKinds: boolean,
): object {
  const sum = (of: (report: EpisodeReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  const violated = (kinds: readonly Violation['kind'][]) =>
    sum(({ violations }) =>
      violations.reduce((total, { kind, count }) => total + (kinds.includes(kind) ? count : 0), 0),
    );
  const takeovers = slowestOf(reports);
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
    ...(manyKinds && {
      runs_below_five_kinds: runsBelowFiveKinds(reports),
    }),
    crash_points: countsOf(reports.flatMap(({ crashes }) => crashes)),
    slept: countsOf(reports.flatMap(({ sleptAt }) => sleptAt ?? [])),
    overtaken: countsOf(reports.flatMap(({ overtakenAt }) => overtakenAt ?? [])),
    // Armed, and gone another way.
    survivors: sum(({ survivors }) => survivors),
    // Numbers, and the chunks that they are of.
    paid_twice: violated(['paid_twice']),
    paid_twice_chunks: sum(paidTwiceChunks),
    lost: violated(['lost']),
    // Chunks, each for a file that was wrong for good.
    paid_without_answer: sum(({ paidWithoutAnswer }) => paidWithoutAnswer),
    stale_writes: violated(['stale_write']),
    partial: violated(['partial']),
    held: sum(({ held }) => held),
    stuck: violated(['stuck']),
    // Numbers that were put on the suppression list or erased meanwhile; those that were sent afterwards, or still stand somewhere.
    suppressed: sum(({ suppressed }) => suppressed),
    erased: sum(({ erased }) => erased),
    suppressed_sent: violated(['suppressed_sent']),
    not_erased: violated(['not_erased']),
    // Books that differ, edges that are not drawn, leases that lasted, files left behind, uploads above what was allowed.
    other: violated(['money', 'status', 'lease', 'file', 'spending', 'sums']),
    ...(takeovers && { p4_s: takeovers }),
    max_recovery_s: Number(Math.max(0, ...reports.map(({ recovery_s }) => recovery_s)).toFixed(1)),
  };
}
