/**
 * Whose turn a free slot of an account is. Tenants are served by start-time fair queueing: each has a place on the account's virtual clock,
 * which is numbers sent over its weight, and the one that is furthest back goes first. Who has nothing in line saves up nothing: it comes back where the
 * clock is. A tenant's own jobs go by what they have left, so that a small one passes a large one, and every so often by how long they waited,
 * so that no stream of small ones stops a large one for good.
 */
export interface Share {
  /** Where the account's clock is: the place at which its last turn began. */
  readonly clock: number;
  /** Where the tenant's own last turn ended; 0 where it had none. */
  readonly ends: number;
  /** Turns it had. */
  readonly turns: number;
  /** At least 1. */
  readonly weight: number;
}

export interface Turn {
  readonly began: number;
  readonly ends: number;
  readonly turns: number;
  /** Its next turn is that of the job that waits longest. */
  readonly byWaiting: boolean;
}

/** One turn in so many is that of the job that waits longest: a large job beside small ones without end has at least that part of its tenant's turns. */
export const turnsByWaiting = 8;

/** Where a turn of a tenant begins on its account's clock: the lowest goes first. */
export function beginningOf({ clock, ends }: Pick<Share, 'clock' | 'ends'>): number {
  return Math.max(clock, ends);
}

/** What a tenant's share is after it sent so many numbers. */
export function takeTurn(share: Share, numbers: number): Turn {
  const began = beginningOf(share);
  const turns = share.turns + 1;
  return {
    began,
    ends: began + numbers / share.weight,
    turns,
    byWaiting: turns % turnsByWaiting === turnsByWaiting - 1,
  };
}
