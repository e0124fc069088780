import { InternationalAutomaton } from './international-automaton.ts';

const automaton = new InternationalAutomaton();

const plus = 0x2b;
const digitZero = 0x30;
const space = 0x20;
const tab = 0x09;
const dash = 0x2d;
const openBracket = 0x28;
const closeBracket = 0x29;

/** What {@link readCleanBytes} answers when only the text path can tell. */
export const notClean = -1;

/**
 * The hot path: a number out of bytes, without a string. Takes an optional `+` and digits, with spaces,
 * dashes and brackets between them; answers {@link notClean} for everything else, a valid number with a
 * national prefix included, and never a number that the text path would not give.
 *
 * @param bareIsInternational whether digits without `+` are to be read as international ones
 */
export function readCleanBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  bareIsInternational: boolean,
): number {
  let at = start;
  while (at < end && (bytes[at] === space || bytes[at] === tab)) at += 1;
  if (bytes[at] === plus) at += 1;
  else if (!bareIsInternational || !isDigit(bytes[at])) return notClean;
  let { transitions, accepting } = automaton;
  let state: number = InternationalAutomaton.start;
  let number = 0;
  for (; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    const digit = byte - digitZero;
    if (digit >= 0 && digit <= 9) {
      let next = transitions[state * 10 + digit] ?? 0;
      if (next < 0) {
        next = automaton.explore(state, digit);
        ({ transitions, accepting } = automaton);
      }
      if (next === InternationalAutomaton.dead) return notClean;
      state = next;
      number = number * 10 + digit;
    } else if (byte !== space && byte !== dash && byte !== openBracket && byte !== closeBracket) {
      break;
    }
  }
  while (at < end && (bytes[at] === space || bytes[at] === tab)) at += 1;
  return at === end && accepting[state] === 1 ? number : notClean;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= digitZero && byte <= digitZero + 9;
}
