import type { ContractName } from './accounts.ts';

/** The calls that the contracts offer. */
export const operationNames = ['create', 'status', 'file', 'balance'] as const;
export type OperationName = (typeof operationNames)[number];

/** What one account did with one operation. Times are Unix milliseconds of each request's arrival, oldest first. */
export interface RequestTally {
  contract: ContractName;
  operation: OperationName;
  account: string;
  count: number;
  in_flight: number;
  in_flight_max: number;
  /** How many answers had each status; `0` counts requests whose connection ended without one. */
  statuses: Record<string, number>;
  started_at_ms: number[];
}

const timesKept = 10_000;

/** Counts requests per operation and account, for tests of pace and of uploads in flight. */
export class RequestLog {
  #tallies = new Map<string, RequestTally>();

  /** Notes a request's arrival and returns what notes its end. */
  begin(
    contract: ContractName,
    operation: OperationName,
    account: string,
  ): (status: number) => void {
    const key = `${contract} ${operation} ${account}`;
    const tally = this.#tallies.get(key) ?? {
      contract,
      operation,
      account,
      count: 0,
      in_flight: 0,
      in_flight_max: 0,
      statuses: {},
      started_at_ms: [],
    };
    this.#tallies.set(key, tally);
    tally.count += 1;
    tally.in_flight += 1;
    tally.in_flight_max = Math.max(tally.in_flight_max, tally.in_flight);
    tally.started_at_ms.push(performance.timeOrigin + performance.now());
    if (tally.started_at_ms.length >= 2 * timesKept) tally.started_at_ms.splice(0, timesKept);
    return (status) => {
      tally.in_flight -= 1;
      tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
    };
  }

  all(): RequestTally[] {
    return [...this.#tallies.values()];
  }

  /** Starts counting anew; requests in flight stay counted in the tallies that they began in. */
  clear(): void {
    this.#tallies.clear();
  }
}
