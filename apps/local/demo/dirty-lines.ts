import type { Random } from './seeded-random.ts';

/** What a cell is rejected for, and how such a cell looks. `anywhere` unless a reason needs a form that can say it. */
const dirt: Readonly<
  Record<string, { readonly where?: 'cells' | 'no region'; readonly cell: (r: Random) => string }>
> = {
  // A line of plain text that is blank is no line at all.
  empty_cell: { where: 'cells', cell: () => '' },
  not_a_number: { cell: (r) => r.pick(['unknown', 'n/a', '=A1+1', '4.47911E+11', 'см. ниже']) },
  too_short: { cell: (r) => `+44 ${r.below(90) + 10}` },
  too_long: { cell: (r) => `+44791112345678${r.below(90) + 10}` },
  unknown_country: { cell: (r) => `+999${digits(r, 9)}` },
  // No area code of North America begins with 0 or 1 in its second part.
  invalid_for_country: { cell: (r) => `+1 200 0${digits(r, 2)} ${digits(r, 4)}` },
  // Without a default region nobody knows whose 0 this is.
  not_international: { where: 'no region', cell: (r) => `0791${digits(r, 7)}` },
};

export interface DirtyCell {
  readonly cell: string;
  readonly reason: string;
}

/** Cells that hold no number, as many of each reason that the form can express. */
export function dirtyCells(
  perReason: number,
  form: { readonly hasCells: boolean; readonly hasRegion: boolean },
  random: Random,
): DirtyCell[] {
  return Object.entries(dirt)
    .filter(([, { where }]) => where !== 'cells' || form.hasCells)
    .filter(([, { where }]) => where !== 'no region' || !form.hasRegion)
    .flatMap(([reason, { cell }]) =>
      Array.from({ length: perReason }, () => ({ reason, cell: cell(random) })),
    );
}

function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.below(10)).join('');
}
