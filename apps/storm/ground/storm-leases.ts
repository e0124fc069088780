/** How long claims of an episode's workers hold, how often they are extended, and how often due work is rung again. */
export interface Leases {
  readonly lease_ms: number;
  readonly heartbeat_ms: number;
  readonly rescue_ms: number;
}

/** Pauses of a worker (schedule.ts) are longer than this lease, and an upload's deadline (storm-accounts.ts) shorter. */
export const stormLeases: Leases = { lease_ms: 2_500, heartbeat_ms: 500, rescue_ms: 800 };

/** Where nothing happens but deaths: what a dead step had claimed is to be due again soon. */
export const deathLeases: Leases = { lease_ms: 1_500, heartbeat_ms: 400, rescue_ms: 800 };

/** As packages/config has them where nobody says otherwise: what P4 promises is shown with these. */
export const realLeases: Leases = { lease_ms: 40_000, heartbeat_ms: 10_000, rescue_ms: 10_000 };
