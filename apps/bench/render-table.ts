import type { Measurement } from './measurement.ts';

const headings = ['bench', 'numbers', 'seconds', 'floor', 'ratio', 'a second', 'peak MB', 'bar'];

/** Measurements for people: a row each, columns as wide as they must be. */
export function renderTable(measurements: readonly Measurement[]): string {
  const rows = [headings, ...measurements.map(cellsOf)];
  const widths = headings.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function cellsOf(measurement: Measurement): readonly string[] {
  const { name, numbers, seconds, floor_seconds, ratio, rate_per_s } = measurement;
  const peaks = Object.entries(measurement.peak_rss_mb).map(([who, mb]) => `${who} ${mb}`);
  return [
    name,
    shown(numbers),
    shown(seconds),
    shown(floor_seconds),
    shown(ratio),
    shown(rate_per_s),
    peaks.join(', '),
    `${measurement.bar}: ${measurement.ok ? 'met' : 'MISSED'}`,
  ];
}

function shown(value: number | null): string {
  return value === null ? '-' : value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
