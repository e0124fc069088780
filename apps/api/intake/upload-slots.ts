import { Places } from '../places.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** How many uploads this process reads at a time. Each takes memory, and one caller's must not keep others waiting. */
export interface UploadSlotLimits {
  /** Of all tenants; one may have half of them. */
  readonly atOnceMax: number;
  readonly atOncePerKeyMax: number;
}

interface UploadSlot {
  readonly kind: 'taken';
  /** May be called once. */
  readonly free: () => void;
}

/** Counts the uploads that are being read, by tenant and by the family of their key: a key and those that it was rotated into. */
export class UploadSlots {
  readonly #limits: UploadSlotLimits;
  readonly #places: Places;
  readonly #ofKey = new Map<string, number>();

  constructor(limits: UploadSlotLimits) {
    this.#limits = limits;
    this.#places = new Places(limits.atOnceMax);
  }

  take(tenantId: number, keyFamily: string): UploadSlot | Refusal {
    const { atOnceMax, atOncePerKeyMax } = this.#limits;
    const ofKey = this.#ofKey.get(keyFamily) ?? 0;
    if (ofKey >= atOncePerKeyMax) {
      return comeAgain(
        `This key has ${ofKey} uploads under way here, and may have ${atOncePerKeyMax} (ROLLCALL_UPLOADS_AT_ONCE_PER_KEY).`,
      );
    }
    const isShareTaken = this.#places.hasShare(tenantId);
    const leave = this.#places.take(tenantId);
    if (leave === null) {
      return comeAgain(
        isShareTaken
          ? `The keys of your tenant have ${this.#places.ofTenantMax} uploads under way here, and may have half of the ${atOnceMax} that this process reads at once (ROLLCALL_UPLOADS_AT_ONCE).`
          : `This process reads ${atOnceMax} uploads at once (ROLLCALL_UPLOADS_AT_ONCE).`,
      );
    }
    this.#ofKey.set(keyFamily, ofKey + 1);
    const free = () => {
      leave();
      this.#forget(keyFamily);
    };
    return { kind: 'taken', free };
  }

  #forget(keyFamily: string): void {
    const left = (this.#ofKey.get(keyFamily) ?? 1) - 1;
    if (left === 0) this.#ofKey.delete(keyFamily);
    else this.#ofKey.set(keyFamily, left);
  }
}

function comeAgain(why: string): Refusal {
  return refuse('too_many_uploads', {
    detail: `${why} Send it again after the seconds in \`Retry-After\`.`,
  });
}
