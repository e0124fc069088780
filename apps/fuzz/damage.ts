import type { Random } from './random.ts';

/** One way to damage bytes. */
export interface Damage {
  readonly name: string;
  /** Whether what is left of each untouched row is as it was: nothing but an end is missing. */
  readonly isCut: boolean;
  apply(bytes: Buffer, random: Random): Buffer;
}

/** Where something begins and ends in bytes that are there. */
function stretch(bytes: Buffer, random: Random, most = 4_096): readonly [number, number] {
  const start = random.below(bytes.length + 1);
  return [start, Math.min(bytes.length, start + random.from(1, most))];
}

const oddBytes = [0x00, 0x0a, 0x0d, 0x22, 0x2c, 0x3b, 0x3c, 0x3e, 0x26, 0x2b, 0x7f, 0xff] as const;
const oddCounts = [0, 1, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff] as const;

const cut: Damage = {
  name: 'cut',
  isCut: true,
  // Often within the last row: a shorter last cell looks most like a whole one.
  apply: (bytes, random) =>
    random.chance(3)
      ? bytes.subarray(0, Math.max(0, bytes.length - random.from(1, 16)))
      : bytes.subarray(0, random.below(Math.max(1, bytes.length))),
};

const anywhere: readonly Damage[] = [
  cut,
  {
    name: 'flip',
    isCut: false,
    apply(bytes, random) {
      const damaged = Buffer.from(bytes);
      const at = random.below(Math.max(1, bytes.length));
      if (bytes.length > 0) damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
      return damaged;
    },
  },
  {
    name: 'odd-byte',
    isCut: false,
    apply(bytes, random) {
      const at = random.below(bytes.length + 1);
      const odd = Buffer.from([random.pick(oddBytes)]);
      return Buffer.concat([bytes.subarray(0, at), odd, bytes.subarray(at + random.below(2))]);
    },
  },
  {
    name: 'lose',
    isCut: false,
    apply(bytes, random) {
      const [start, end] = stretch(bytes, random);
      return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
    },
  },
  {
    name: 'double',
    isCut: false,
    apply(bytes, random) {
      const [start, end] = stretch(bytes, random);
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
    },
  },
  {
    name: 'move',
    isCut: false,
    apply(bytes, random) {
      const [start, end] = stretch(bytes, random);
      const rest = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
      const at = random.below(rest.length + 1);
      return Buffer.concat([rest.subarray(0, at), bytes.subarray(start, end), rest.subarray(at)]);
    },
  },
];

/** Fields of a zip's directory and headers: sizes, offsets, counts, flags, methods. */
const zipField: Damage = {
  name: 'zip-field',
  isCut: false,
  apply(bytes, random) {
    const marks = ['504b0304', '504b0102', '504b0506', '504b0708'].flatMap((mark) =>
      placesOf(bytes, mark),
    );
    if (marks.length === 0) return bytes;
    const damaged = Buffer.from(bytes);
    const at = random.pick(marks) + 4 + random.below(42);
    if (at + 4 > bytes.length) return bytes;
    const value = random.chance(2) ? random.pick(oddCounts) : random.below(65_536);
    if (random.chance(2)) damaged.writeUInt16LE(value & 0xffff, at);
    else damaged.writeUInt32LE(value, at);
    return damaged;
  },
};

function placesOf(bytes: Buffer, mark: string): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(mark, 0, 'hex'); at >= 0; at = bytes.indexOf(mark, at + 1, 'hex'))
    places.push(at);
  return places;
}

/** Tags and texts of XML, whole: what is left may still be XML. */
const tags: Damage = {
  name: 'tags',
  isCut: false,
  apply(bytes, random) {
    const parts = bytes.toString('latin1').split(/(?=<)/);
    const at = random.below(parts.length);
    const odd = random.pick([
      '<row>',
      '</row>',
      '<c r="ZZ9">',
      '</sheetData>',
      '<v>1</v>',
      '<!--',
      '<![CDATA[',
      '<!DOCTYPE x>',
      '&amp;',
      '</worksheet>',
    ]);
    if (random.chance(3)) parts.splice(at, random.from(1, 4));
    else if (random.chance(2)) parts.splice(at, 0, odd);
    else parts.splice(at, 0, ...parts.slice(at, at + random.from(1, 4)));
    return Buffer.from(parts.join(''), 'latin1');
  },
};

/** Lines and cells of a table, whole. */
const lines: Damage = {
  name: 'lines',
  isCut: false,
  apply(bytes, random) {
    const all = bytes.toString('latin1').split('\n');
    const at = random.below(all.length);
    const line = all[at] ?? '';
    const changed = [
      line.replace(/[,;\t]/, ''),
      `"${line}`,
      line.replace(/[,;\t]/, '"$&"'),
      `${line},${line}`,
      line.replace(/\d/, (digit) => String((Number(digit) + 1) % 10)),
      line
        .split(/[,;\t]/)
        .toReversed()
        .join(','),
      ` ${line} `,
      `\u00a0${line}`,
      line.toUpperCase(),
      '',
    ];
    if (random.chance(3)) all.splice(at, random.from(1, 30));
    else if (random.chance(2)) all.splice(at, 1, random.pick(changed));
    else all.splice(at, 0, ...all.slice(at, at + random.from(1, 30)));
    return Buffer.from(all.join('\n'), 'latin1');
  },
};

/** What may befall a kind of file. */
export const damages = {
  text: [...anywhere, lines, lines],
  zip: [...anywhere, zipField, zipField],
  xml: [...anywhere, tags, tags],
} as const satisfies Record<string, readonly Damage[]>;

export interface Damaged {
  readonly bytes: Buffer;
  /** In order. */
  readonly how: readonly string[];
  /** Nothing but its end is missing. */
  readonly isCut: boolean;
}

/** One to three damages, one after the other. */
export function damage(bytes: Buffer, kind: keyof typeof damages, random: Random): Damaged {
  const chosen = Array.from({ length: random.chance(2) ? 1 : random.from(1, 3) }, () =>
    random.pick<Damage>(damages[kind]),
  );
  return {
    bytes: chosen.reduce((now, each) => each.apply(now, random), bytes),
    how: chosen.map(({ name }) => name),
    isCut: chosen.every(({ isCut }) => isCut),
  };
}
