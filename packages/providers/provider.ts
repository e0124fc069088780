import type { LookupFunction } from 'node:net';
import type {
  Account,
  BalanceAnswer,
  DownloadAnswer,
  Evidence,
  ResultLocator,
  StatusAnswer,
  SubmitAnswer,
} from '@rollcall/domain';

export interface SubmitRequest {
  /** The provider's own word for the check, sent verbatim (`tg`, `coinW`, `WA_cheking`). */
  readonly taskType: string;
  /** E.164 digits, ascending, at least one; sent one a line as `+<digits>`. */
  readonly numbers: Float64Array;
  /** Our attempt id, sent where the contract has room for it (webcom's `name`). Never a secret. */
  readonly reference: string;
  /**
   * Asked once, synchronously, right before the first byte leaves: whether the claim still outlasts an upload. False: nothing is sent,
   * and the answer is `not_sent` with `claim_lost`. A process may have been stopped for hours since it was claimed.
   */
  readonly stillMine: () => boolean;
}

/**
 * One account at one provider. No method throws, or rejects, for anything that the wire does: a refused connection,
 * a reset, HTML where JSON was due are all answers. What is thrown is a bug, or what `write` threw.
 */
export interface Provider {
  readonly account: Account;

  /**
   * Uploads one chunk, once: never tried again here, never redirected, over within `account.upload_deadline_ms`, nothing of it
   * written later, however long this process stood still.
   * The answer says whether it may have been charged; see `SubmitAnswer`.
   */
  submit(request: SubmitRequest, signal?: AbortSignal): Promise<SubmitAnswer>;

  /** How many task ids one `status` call takes: 1, or many where the contract has an array for them. */
  readonly statusBatchSize: number;

  /** Asks for the state of 1 to `statusBatchSize` tasks. A task that the answer leaves out is absent from `tasks`. */
  status(taskIds: readonly string[], signal?: AbortSignal): Promise<StatusAnswer>;

  /** When the provider made a task, where its id says so, Unix ms; else null. Asks nobody. */
  taskMadeAt_ms(taskId: string): number | null;

  /**
   * Streams a result into `write`, which is awaited before more is read. The bytes are a whole result only when the
   * answer is `downloaded`; after any other answer whatever was written is to be discarded.
   */
  download(
    locator: ResultLocator,
    write: (bytes: Uint8Array) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<DownloadAnswer>;

  balance(signal?: AbortSignal): Promise<BalanceAnswer>;

  /** Closes idle connections; may be called twice. */
  close(): Promise<void>;
}

/** One exchange as it ended, for metrics: no URL, no key, no number. */
export interface ObservedRequest {
  readonly accountId: string;
  readonly operation: Evidence['operation'];
  readonly httpStatus: number | null;
  readonly transportError: string | null;
  readonly duration_ms: number;
}

export interface ProviderHooks {
  /** Called once for each exchange, after it ended. */
  readonly onRequest?: (observed: ObservedRequest) => void;
  /** How names are looked up; like the system does, where left out. */
  readonly lookup?: LookupFunction;
}

/** Tells the hook. An answer may be paid for, so a broken metric must not lose it; it is heard of as a warning. */
export function observe(hooks: ProviderHooks | undefined, observed: ObservedRequest): void {
  try {
    hooks?.onRequest?.(observed);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
