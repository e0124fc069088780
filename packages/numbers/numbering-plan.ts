import metadata from 'libphonenumber-js/max/metadata';

/** The numbers of one kind (fixed line, mobile, toll free, ...) within a plan. */
export interface NumberRange {
  readonly source: string;
  readonly pattern: RegExp;
  readonly lengths: readonly number[];
}

/** One country's rules, or one non-geographic calling code's, for the digits after the calling code. */
export interface NumberingPlan {
  /** ISO 3166 alpha-2; absent for a non-geographic code such as 800 or 882. */
  readonly region: string | undefined;
  readonly callingCode: string;
  /** What every number of the plan matches, as source and compiled over the whole number. */
  readonly generalSource: string;
  readonly general: RegExp;
  /** Possible lengths of the national number, ascending. */
  readonly lengths: readonly number[];
  readonly ranges: readonly NumberRange[];
  /** What is dialled before an international number, at the start. */
  readonly internationalPrefixSource: string | undefined;
  readonly internationalPrefix: RegExp | undefined;
  /** What may stand before (or, with groups, in place of) the national number, at the start. */
  readonly nationalPrefixSource: string | undefined;
  readonly nationalPrefix: RegExp | undefined;
  /** Replacement for a national prefix that captured something, in `String.replace` notation. */
  readonly nationalPrefixTransform: string | undefined;
  /** Start of the numbers that belong to this region among those that share its calling code. */
  readonly leadingDigitsSource: string | undefined;
  readonly leadingDigits: RegExp | undefined;
}

// Positions in the array that libphonenumber-js (metadata version 4) keeps per region; its METADATA.md describes them.
const field = {
  callingCode: 0,
  internationalPrefix: 1,
  general: 2,
  lengths: 3,
  nationalPrefix: 5,
  nationalPrefixForParsing: 7,
  nationalPrefixTransform: 8,
  leadingDigits: 10,
  ranges: 11,
} as const;

if (metadata.version !== 4) {
  throw new Error(`libphonenumber-js metadata is of version ${metadata.version}; this reads 4`);
}

const regions = metadata.countries as unknown as Readonly<Record<string, readonly unknown[]>>;
const nonGeographic = metadata.nonGeographic as unknown as Readonly<
  Record<string, readonly unknown[]>
>;
const regionsOfCallingCode = metadata.country_calling_codes as unknown as Readonly<
  Record<string, readonly string[]>
>;

/** The calling code of a region (ISO 3166 alpha-2), without `+`, or null for one that has none. */
export function callingCodeOf(region: string): string | null {
  const code = regions[region]?.[field.callingCode];
  return typeof code === 'string' ? code : null;
}

const compiledRegions = new Map<string, NumberingPlan>();
const compiledCallingCodes = new Map<string, readonly NumberingPlan[]>();

/** All calling codes, those of no country included. */
export const callingCodes: readonly string[] = [
  ...Object.keys(regionsOfCallingCode),
  ...Object.keys(nonGeographic),
];

/** Whether a region (ISO 3166 alpha-2, any case) has a numbering plan, so that it can be a default region. */
export function isKnownRegion(region: string): boolean {
  return Object.hasOwn(regions, region.toUpperCase());
}

/** The plan of a region. Throws on an unknown one: ask {@link isKnownRegion} first. */
export function planOfRegion(region: string): NumberingPlan {
  const known = compiledRegions.get(region);
  if (known !== undefined) return known;
  const entry = Object.hasOwn(regions, region) ? regions[region] : undefined;
  if (entry === undefined) throw new Error(`no numbering plan for region ${region}`);
  const plan = compilePlan(region, entry);
  compiledRegions.set(region, plan);
  return plan;
}

/** The plans that share a calling code, the main one first; none where the code does not exist. */
export function plansOfCallingCode(callingCode: string): readonly NumberingPlan[] {
  const known = compiledCallingCodes.get(callingCode);
  if (known !== undefined) return known;
  const names = regionsOfCallingCode[callingCode];
  const lone = nonGeographic[callingCode];
  const plans =
    names !== undefined
      ? names.map(planOfRegion)
      : lone !== undefined
        ? [compilePlan(undefined, lone)]
        : [];
  compiledCallingCodes.set(callingCode, plans);
  return plans;
}

function compilePlan(region: string | undefined, entry: readonly unknown[]): NumberingPlan {
  const text = (position: number): string | undefined => {
    const value = entry[position];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const generalSource = text(field.general);
  const lengths = entry[field.lengths];
  const callingCode = text(field.callingCode);
  if (generalSource === undefined || callingCode === undefined || !Array.isArray(lengths)) {
    throw new Error(`libphonenumber-js metadata of ${region ?? 'a non-geographic code'} is odd`);
  }
  const possibleLengths = lengths as readonly number[];
  const ranges = (entry[field.ranges] as readonly unknown[]).flatMap((range) =>
    compileRange(range, possibleLengths),
  );
  const nationalPrefixSource = text(field.nationalPrefixForParsing) ?? text(field.nationalPrefix);
  const leadingDigitsSource = text(field.leadingDigits);
  const internationalPrefixSource = text(field.internationalPrefix);
  return {
    region,
    callingCode,
    generalSource,
    general: wholly(generalSource),
    lengths: possibleLengths,
    ranges,
    internationalPrefixSource,
    internationalPrefix:
      internationalPrefixSource === undefined ? undefined : atStart(internationalPrefixSource),
    nationalPrefixSource,
    nationalPrefix: nationalPrefixSource === undefined ? undefined : atStart(nationalPrefixSource),
    nationalPrefixTransform: text(field.nationalPrefixTransform),
    leadingDigitsSource,
    leadingDigits: leadingDigitsSource === undefined ? undefined : atStart(leadingDigitsSource),
  };
}

function compileRange(range: unknown, planLengths: readonly number[]): NumberRange[] {
  // 0 stands for a kind that the plan does not have; an empty pattern for one that equals the fixed line's.
  if (!Array.isArray(range) || typeof range[0] !== 'string' || range[0] === '') return [];
  const lengths = (range[1] as readonly number[] | undefined) ?? planLengths;
  return [{ source: range[0], pattern: wholly(range[0]), lengths }];
}

const wholly = (source: string): RegExp => new RegExp(`^(?:${source})$`);
const atStart = (source: string): RegExp => new RegExp(`^(?:${source})`);
