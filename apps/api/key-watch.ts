import { type ApiKey, type Database, validKeysOf } from '@rollcall/db';

interface Held {
  readonly apiKey: Pick<ApiKey, 'id' | 'tenantId'>;
  readonly end: () => void;
  /** It was there when the keys were last looked at: what is answered at once costs no look. */
  isLong: boolean;
}

/** How often keys are looked at. What takes long ends after two of these and a statement, well below the 5 s that are promised. */
const every_ms = 1_000;

/**
 * Requests under way, each with the key that let it in. A key is looked up once, when its request comes; what goes on for longer (streams of
 * events, exports, downloads, uploads) is ended here when its key has been revoked or has expired meanwhile.
 */
export class KeyWatch {
  readonly #database: Database;
  readonly #held = new Set<Held>();
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Calls `end` once when the key has ended, until what this returns is called. */
  hold(apiKey: Held['apiKey'], end: () => void): () => void {
    const held: Held = { apiKey, end, isLong: false };
    this.#held.add(held);
    if (!this.#timer && !this.#isClosed) this.#wait();
    return () => this.#held.delete(held);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      // While Postgres cannot be asked, nothing is read for anybody either.
      void this.#lookOnce()
        .catch(() => undefined)
        .then(() => {
          this.#timer = null;
          if (this.#held.size > 0 && !this.#isClosed) this.#wait();
        });
    }, every_ms).unref();
  }

  async #lookOnce(): Promise<void> {
    const long = [...this.#held].filter((held) => held.isLong);
    for (const held of this.#held) held.isLong = true;
    const keysOf = new Map<number, Set<string>>();
    for (const { apiKey } of long) {
      const keys = keysOf.get(apiKey.tenantId) ?? new Set();
      keysOf.set(apiKey.tenantId, keys.add(apiKey.id));
    }
    for (const [tenantId, keys] of keysOf) {
      const valid = await validKeysOf(this.#database, tenantId, [...keys]);
      for (const held of long) {
        const isTheirs = held.apiKey.tenantId === tenantId;
        if (isTheirs && !valid.has(held.apiKey.id) && this.#held.delete(held)) held.end();
      }
    }
  }
}
