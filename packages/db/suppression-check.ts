import { setImmediate } from 'node:timers/promises';
import { DigestSet, type NumberDigest, type NumberDigests } from '@rollcall/privacy';
import type { Database, Queryable, Transaction } from './database.ts';
import {
  findSuppressions,
  hasOtherSecrets,
  readSuppressions,
  readSuppressionVersion,
  type Renewal,
  renewSuppressions,
} from './sql/suppressions.ts';

/** What holding numbers to a tenant's list found. */
export interface SuppressionFound {
  /** The list's version, read before its entries: whoever finds another later looks again. */
  readonly version: number;
  /** Those of the numbers that are on it, in their order. */
  readonly suppressed: Float64Array;
  /** Moves entries that stand under an older secret to the current one, with whatever else `tx` stores. */
  renew(tx: Transaction): Promise<void>;
}

/** Holds numbers to the suppression lists; one for a process, since it keeps the lists that it asked last in memory. */
export interface SuppressionCheck {
  /** Where there is no list, the numbers are not looked at. */
  find(
    db: Database,
    tenantId: number,
    numbers: AsyncIterable<Float64Array> | Iterable<Float64Array>,
  ): Promise<SuppressionFound>;
  /** Numbers that are about to be sent, ascending, to be held to what comes on the list until they are. */
  hold(tenantId: number, numbers: Float64Array): HeldNumbers;
}

/** Numbers that are digested once, however often their list changes: 8 bytes each for every secret that its new entries are under. */
export interface HeldNumbers {
  /**
   * Which of them came on the list after a version of it. Only what came since is read; the first call that finds something there digests the
   * numbers, as long as `find` takes, and those after it take milliseconds: a list that changes all the time keeps nobody.
   */
  since(db: Queryable, version: number): Promise<SuppressionFound>;
}

const listsKeptMax = 8;
/** Between two looks at the event loop: about 10 ms. */
const atOnce = 4_096;

/**
 * Measured on a busy machine: 2.4 s of a processor for 1,000,000 numbers against a list, of one entry as of 100,000 (by calls of OpenSSL 5.5
 * to 7 s); without a list nothing. What the set finds is looked up in Postgres, so that a number which was taken off meanwhile, or shares its
 * first 52 bits, is let go.
 */
export function suppressionCheck(digests: NumberDigests): SuppressionCheck {
  const lists = new Map<number, { readonly version: number; readonly set: DigestSet }>();

  async function listOf(db: Database, tenantId: number, version: number): Promise<DigestSet> {
    const kept = lists.get(tenantId);
    if (kept?.version === version) return kept.set;
    const set = new DigestSet(await readSuppressions(db, tenantId, 0));
    lists.delete(tenantId);
    lists.set(tenantId, { version, set });
    for (const oldest of lists.keys()) {
      if (lists.size <= listsKeptMax) break;
      lists.delete(oldest);
    }
    return set;
  }

  return {
    async find(db, tenantId, numbers) {
      const version = await readSuppressionVersion(db, tenantId);
      const none = foundOf(db, digests, tenantId, version, []);
      if (version === 0) return none;
      const set = await listOf(db, tenantId, version);
      if (set.isEmpty) return none;
      const mayHave = set.asker(digests);
      const likely: number[] = [];
      for await (const batch of numbers) {
        for (let start = 0; start < batch.length; start += atOnce) {
          for (const number of batch.subarray(start, start + atOnce)) {
            if (mayHave(number)) likely.push(number);
          }
          await setImmediate();
        }
      }
      return foundOf(db, digests, tenantId, version, likely);
    },
    hold: (tenantId, numbers) => held(digests, tenantId, numbers),
  };
}

function held(digests: NumberDigests, tenantId: number, numbers: Float64Array): HeldNumbers {
  const startsUnder = new Map<string, Float64Array>();

  async function digestUnder(secretId: string): Promise<void> {
    if (startsUnder.has(secretId)) return;
    const startOf = digests.starts(secretId);
    const starts = new Float64Array(numbers.length);
    for (let from = 0; from < numbers.length; from += atOnce) {
      const to = Math.min(numbers.length, from + atOnce);
      for (let at = from; at < to; at += 1) starts[at] = startOf(numbers[at] ?? 0);
      await setImmediate();
    }
    startsUnder.set(secretId, starts);
  }

  return {
    async since(db, since) {
      const version = await readSuppressionVersion(db, tenantId);
      if (version === since) return foundOf(db, digests, tenantId, version, []);
      const set = new DigestSet(await readSuppressions(db, tenantId, since));
      for (const id of set.secretIds) await digestUnder(id);
      const places = set.placesOf((id) => startsUnder.get(id) ?? new Float64Array());
      const likely = places.map((place) => numbers[place] ?? 0);
      return foundOf(db, digests, tenantId, version, likely);
    },
  };
}

async function foundOf(
  db: Queryable,
  digests: NumberDigests,
  tenantId: number,
  version: number,
  likely: readonly number[],
): Promise<SuppressionFound> {
  const suppressed: number[] = [];
  const renewals: Renewal[] = [];
  for (let start = 0; start < likely.length; start += atOnce) {
    const found = await surely(db, digests, tenantId, likely.slice(start, start + atOnce));
    suppressed.push(...found.listed);
    renewals.push(...found.renewals);
  }
  return {
    version,
    suppressed: Float64Array.from(suppressed),
    renew: (tx) => renewSuppressions(tx, tenantId, renewals, digests),
  };
}

/** Those that are on the list, by their whole digests. */
async function surely(
  db: Queryable,
  digests: NumberDigests,
  tenantId: number,
  numbers: readonly number[],
): Promise<{ readonly listed: readonly number[]; readonly renewals: readonly Renewal[] }> {
  const asked = numbers.map((number) => digests.all(number));
  const found = new Map(
    (await findSuppressions(db, tenantId, asked.flat())).map((each) => [nameOf(each), each]),
  );
  const renewals: Renewal[] = [];
  const listed = numbers.filter((_, index) => {
    const under = asked[index] ?? [];
    const [to, ...older] = under;
    for (const from of older) if (to && found.has(nameOf(from))) renewals.push({ from, to });
    return under.some((each) => found.has(nameOf(each)));
  });
  // Another process may have moved an entry to a secret that this one was started without.
  if (listed.length < numbers.length && (await hasOtherSecrets(db, tenantId, digests.ids))) {
    throw new Error('the suppression list has entries under a secret that is not configured');
  }
  return { listed, renewals };
}

const nameOf = ({ secretId, digest }: NumberDigest): string =>
  `${secretId} ${digest.toString('base64')}`;
