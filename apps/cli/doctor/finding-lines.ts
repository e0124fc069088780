import { plainText, timeText } from '../plain-text.ts';
import type { Finding } from './finding.ts';

/**
 * A finding as a person reads it: what stands still, since when and for how much in one line, and below it, indented, what is done
 * about it; the command stands in a line of its own, so that it can be taken as it is.
 */
export function findingLines(finding: Finding): string[] {
  const { kind, what, since, money, advice, first, command, caution } = finding;
  const head = [
    `${kind}: ${what}`,
    ...(since === null ? [] : [`since ${timeText(since)}`]),
    ...(money === null ? [] : [`${money.meaning} ${money.amount} ${money.currency}`]),
  ].join(' · ');
  const below = [
    ...(advice ? [advice] : []),
    ...(first === undefined ? [] : [command === null ? `→ ${first}` : first]),
    ...(command === null ? [] : [`→ ${command}`]),
    ...(caution === undefined ? [] : [`(${caution})`]),
  ];
  return [head, ...below.map((line) => `    ${line}`)].map(plainText);
}
