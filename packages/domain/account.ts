import type { Money } from './money.ts';
import type { ResultSemantics, Verdict } from './outcome.ts';
import type { SpecialCategory } from './special-categories.ts';

export const adapterNames = ['tasks-v1', 'simple-tasks', 'webcom'] as const;
export type AdapterName = (typeof adapterNames)[number];

/** Whose page says that an upload with a key that is refused (401) costs nothing; the conformance suite holds the adapters to it. */
const refusingKeysForFree: Readonly<Record<AdapterName, boolean>> = {
  'tasks-v1': true,
  'simple-tasks': true,
  webcom: false,
};

/** Whether an upload with a refused key is surely free; of a contract that nobody knows here it is not. */
export function refusesKeysForFree(adapter: string | undefined): boolean {
  return adapterNames.some((name) => name === adapter && refusingKeysForFree[name]);
}

/** A check as one account offers it: the provider's own task type, its limits and its price. */
export interface CheckOffer {
  /** The provider's word, sent verbatim (`tg`, `coinW`, `WA_cheking`). */
  readonly taskType: string;
  /** Smallest and largest upload that the provider takes; the server is right when it says otherwise. */
  readonly minNumbers: number;
  readonly maxNumbers: number;
  /** Numbers in one upload; `minNumbers ≤ chunkSize ≤ maxNumbers`, and ≤ 1,000,000 where an xlsx may come back. */
  readonly chunkSize: number;
  readonly pricePerNumber: Money;
  readonly semantics: ResultSemantics;
  /** Further names of the verdict column, beside the check's and task type's own names. Lower case. */
  readonly verdictColumns: readonly string[];
  /** Further verdict words, lower case, beside yes/no/ban. */
  readonly verdictWords: Readonly<Record<string, Verdict>>;
  /** Attributes of people that are kept; without them they are dropped where a file is read. */
  readonly specialCategories?: readonly SpecialCategory[];
}

/**
 * One set of credentials at one provider, as configured. The key itself is not here: only the worker's adapter gets
 * it, so that an account can be logged and shown.
 */
export interface Account {
  /** Lower case, `[a-z0-9-]`, e.g. `ekycpro`; names the submit queue too. */
  readonly id: string;
  readonly adapter: AdapterName;
  readonly baseUrl: string;
  /** ISO 4217, e.g. `USD`. */
  readonly currency: string;
  /** Names of the tenants that may use it; absent: all. To the others it is not there. */
  readonly tenants?: readonly string[];
  /** Name of the tenant whose admins may pause, resume and confirm it. */
  readonly operatedBy: string;
  readonly checks: Readonly<Record<string, CheckOffer>>;
  readonly pace: { readonly requestsPerSecond: number; readonly uploadsInFlight: number };
  readonly poll: {
    readonly floor_ms: number;
    readonly ceiling_ms: number;
    /** From acceptance; a task that is not ready by then is held, never sent again. */
    readonly deadline_ms: number;
  };
  /** Total deadline of one upload (design §6: ≤ 20 s) and of one download. */
  readonly upload_deadline_ms: number;
  readonly download_deadline_ms: number;
  readonly maxResultBytes: number;
  /** `host` or `host:port` that result files may come from; empty means the base URL's own host only. */
  readonly resultHosts: readonly string[];
  /** Plain http and loopback are for simulators only, and must be said. */
  readonly allowInsecure: boolean;
  /** When the rest of a job follows its first chunk. */
  readonly canary: 'ingest' | 'acceptance' | 'off';
  /** False: the first artifact of the account is held until a person has looked at it. */
  readonly semanticsConfirmed: boolean;
  /** Most that may be spent in one UTC day, or null for no ceiling. */
  readonly dailyCap: Money | null;
  /** Most that may be spent in one UTC month, or null for no ceiling. */
  readonly monthlyCap: Money | null;
  /** `simple-tasks` only: the path in front of `/tasks` (`/fb/api/simple`) and the optional `user_id`. */
  readonly pathPrefix: string | null;
  readonly userId: string | null;
}

/** Whether a tenant may send by the account, by the tenant's name. */
export function isAccountOf({ tenants }: Pick<Account, 'tenants'>, tenant: string | null): boolean {
  return !tenants || (tenant !== null && tenants.includes(tenant));
}
