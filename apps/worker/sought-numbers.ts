import type { ErasureClaim } from '@rollcall/db';
import type { ErasureId } from '@rollcall/domain';
import { callingCodeOf } from '@rollcall/numbers';
import { spellingsOfNumber } from '@rollcall/privacy';

/** What is to be taken out of a file, by its digits as they may stand in a text and as the number that intake reads, and of what was found. */
export interface SoughtNumbers {
  readonly isErased: (digits: string) => boolean;
  readonly has: (number: number) => boolean;
  /** The erasures whose receipts name the file. */
  readonly found: () => ReadonlySet<ErasureId>;
}

/** The numbers of some erasures, to be looked for in one file after the other; `region`: where numbers without a country code were read in it. */
export function soughtNumbers(
  erasures: readonly ErasureClaim[],
): (erasureIds: readonly ErasureId[], region: string | null) => SoughtNumbers {
  const spelledIn = new Map<string | null, ReadonlyMap<string, readonly ErasureId[]>>();
  const idOf = new Map(erasures.map(({ id, number }) => [number, id]));

  return (erasureIds, region) => {
    const spelled = spelledIn.get(region) ?? spellingsOf(erasures, region);
    spelledIn.set(region, spelled);
    const sought = new Set(erasureIds);
    const found = new Set<ErasureId>();
    const see = (ids: readonly ErasureId[]) => {
      const seen = ids.filter((id) => sought.has(id));
      for (const id of seen) found.add(id);
      return seen.length > 0;
    };
    return {
      isErased: (digits) => see(spelled.get(digits) ?? []),
      has(number) {
        const id = idOf.get(number);
        return id !== undefined && see([id]);
      },
      found: () => found,
    };
  };
}

/** Which erasures digits may be the number of: written without a country code they may be that of two. */
function spellingsOf(
  erasures: readonly ErasureClaim[],
  region: string | null,
): ReadonlyMap<string, readonly ErasureId[]> {
  const callingCode = region === null ? null : callingCodeOf(region);
  const spelled = new Map<string, ErasureId[]>();
  for (const { id, number } of erasures) {
    for (const digits of spellingsOfNumber(number, callingCode)) {
      spelled.set(digits, [...(spelled.get(digits) ?? []), id]);
    }
  }
  return spelled;
}
