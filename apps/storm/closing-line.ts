import type { EpisodeReport } from './play-episode.ts';
import { paidTwiceChunks } from './summarise.ts';

/**
 * What a storm came to, for a person: the line before its JSON. A baseline is neither well nor not: its violations are what is measured.
 * `below`: so many of its runs met too few kinds of fault to show anything.
 */
export function closingLine(
  reports: readonly Pick<EpisodeReport, 'faults' | 'chunks' | 'violations'>[],
  baseline: boolean,
  below = 0,
): string {
  const sum = (of: (report: (typeof reports)[number]) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  const faults = sum((report) => Object.values(report.faults).reduce((a, b) => a + b, 0));
  const violations = sum((report) => report.violations.length);
  const chunks = sum((report) => report.chunks);
  const ended = violations === 0 && below === 0 ? 'ok' : 'failed';
  const twice = counted(sum(paidTwiceChunks), 'chunk');
  return (
    `storm ${baseline ? 'over a naive pipeline' : ended}: ${counted(reports.length, 'run')}, ${counted(faults, 'fault')}, ` +
    `${counted(chunks, 'chunk')}, ${counted(violations, 'violation')}${baseline ? `, ${twice} paid twice` : ''}` +
    (below > 0 ? `, ${counted(below, 'run')} below five kinds of fault` : '')
  );
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
