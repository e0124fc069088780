import type { CreateJobOptions } from '@rollcall/contract';
import type { Intake, ReadNumbersOptions } from '@rollcall/numbers';
import type { Refusal } from '../refusal.ts';

/** What a request to make a job says, whichever of the three forms it came in. The intake has to be closed. */
export interface JobRequest {
  readonly kind: 'read';
  readonly options: CreateJobOptions;
  readonly intake: Intake;
}

export type JobRequestOutcome = JobRequest | Refusal;

export interface IntakeLimits {
  readonly maxLines: number;
  readonly maxLineBytes: number;
  readonly maxBytes: number;
  readonly inWorkbookTurn?: ReadNumbersOptions['inWorkbookTurn'];
}
