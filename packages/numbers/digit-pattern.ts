// libphonenumber's metadata writes numbering plans as regular expressions of a small dialect: digits,
// \d, classes, groups, |, ?, {n}, {n,m} and a closing $. This reads that dialect, and refuses the rest,
// so that plans can be compiled to tables as well as to RegExp.

/** A parsed pattern. A `step` takes one digit, those whose bits are set in `digits` (bit 0 is the digit 0). */
export type DigitPattern =
  | { readonly kind: 'step'; readonly digits: number }
  | { readonly kind: 'sequence'; readonly parts: readonly DigitPattern[] }
  | { readonly kind: 'choice'; readonly options: readonly DigitPattern[] }
  | {
      readonly kind: 'repeat';
      readonly part: DigitPattern;
      readonly min: number;
      readonly max: number;
    }
  | { readonly kind: 'end' };

export const anyDigit = 0b11_1111_1111;

/** Parses a pattern. Throws on anything outside the dialect: the metadata would have changed. */
export function parseDigitPattern(source: string): DigitPattern {
  let at = 0;

  const unknown = (): never => {
    throw new Error(`digit pattern not understood at ${at}: ${source}`);
  };

  function parseChoice(): DigitPattern {
    const options = [parseSequence()];
    while (source[at] === '|') {
      at += 1;
      options.push(parseSequence());
    }
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: 'choice', options };
  }

  function parseSequence(): DigitPattern {
    const parts: DigitPattern[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      parts.push(parseRepeat(parseAtom()));
    }
    return { kind: 'sequence', parts };
  }

  function parseAtom(): DigitPattern {
    if (source.startsWith('\\d', at)) {
      at += 2;
      return { kind: 'step', digits: anyDigit };
    }
    const character = source[at] ?? unknown();
    at += 1;
    if (character >= '0' && character <= '9')
      return { kind: 'step', digits: 1 << Number(character) };
    if (character === '$') return { kind: 'end' };
    if (character === '[') return parseClass();
    if (character !== '(') return unknown();
    if (source.startsWith('?:', at)) at += 2;
    const inside = parseChoice();
    if (source[at] !== ')') return unknown();
    at += 1;
    return inside;
  }

  function parseClass(): DigitPattern {
    const end = source.indexOf(']', at);
    const body = source.slice(at, end);
    if (end < 0 || !/^(?:\d-\d|\d)+$/.test(body)) return unknown();
    let digits = 0;
    for (const span of body.match(/\d-\d|\d/g) ?? []) {
      for (let digit = Number(span[0]); digit <= Number(span.at(-1)); digit += 1)
        digits |= 1 << digit;
    }
    at = end + 1;
    return { kind: 'step', digits };
  }

  function parseRepeat(part: DigitPattern): DigitPattern {
    if (source[at] === '?') {
      at += 1;
      return { kind: 'repeat', part, min: 0, max: 1 };
    }
    if (source[at] !== '{') return part;
    const end = source.indexOf('}', at);
    const [min, max] = source
      .slice(at + 1, end)
      .split(',')
      .map(Number);
    if (end < 0 || min === undefined || Number.isNaN(min)) return unknown();
    at = end + 1;
    return { kind: 'repeat', part, min, max: max ?? min };
  }

  const pattern = parseChoice();
  return at === source.length ? pattern : unknown();
}
