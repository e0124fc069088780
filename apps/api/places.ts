/**
 * A bounded number of places, half of them for any one tenant, so that no tenant keeps the others out; who finds none is
 * refused, and comes again.
 */
export class Places {
  /** Places that one tenant may have: half of all, rounded up. */
  readonly ofTenantMax: number;
  readonly #max: number;
  readonly #ofTenant = new Map<number, number>();
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
    this.ofTenantMax = Math.ceil(max / 2);
  }

  /** Gives the place's release, which counts once; null where none is free for this tenant. */
  take(tenantId: number): (() => void) | null {
    if (this.#taken >= this.#max || this.hasShare(tenantId)) return null;
    this.#count(tenantId, 1);
    let held = true;
    return () => {
      if (held) this.#count(tenantId, -1);
      held = false;
    };
  }

  /** The tenant has as many as it may. */
  hasShare(tenantId: number): boolean {
    return (this.#ofTenant.get(tenantId) ?? 0) >= this.ofTenantMax;
  }

  #count(tenantId: number, by: 1 | -1): void {
    this.#taken += by;
    const ofTenant = (this.#ofTenant.get(tenantId) ?? 0) + by;
    if (ofTenant === 0) this.#ofTenant.delete(tenantId);
    else this.#ofTenant.set(tenantId, ofTenant);
  }
}
