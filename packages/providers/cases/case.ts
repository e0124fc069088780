import type { StatusAnswer, SubmitAnswer, TaskStatus } from '@rollcall/domain';

/** An answer of the provider: a file of `fixtures/<adapter>/`, or null for an empty body. */
interface Answered {
  /** Ends the sentence "a creation answered with …" or "a status call answered with …". */
  readonly name: string;
  readonly httpStatus: number;
  readonly fixture: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

type Fields<Answer> = Answer extends unknown ? Partial<Omit<Answer, 'evidence'>> : never;

export interface SubmitCase extends Answered {
  readonly expected: Fields<SubmitAnswer>;
}

export interface StatusCase extends Answered {
  readonly taskIds: readonly string[];
  /** For `answered`: what is said of each task that the answer tells of, and of no other. */
  readonly expected:
    | {
        readonly kind: 'answered';
        readonly tasks: Readonly<Record<string, Partial<TaskStatus>>>;
      }
    | { readonly kind: 'not_found' }
    | Fields<Extract<StatusAnswer, { kind: 'failed' }>>;
}

export interface ConformanceCases {
  readonly submit: readonly SubmitCase[];
  readonly status: readonly StatusCase[];
  /** A refusal that the adapter lists as free, with its own shape, for the cases about how it arrives. */
  readonly free: { readonly httpStatus: number; readonly fixture: string };
  /** A creation's ordinary answer. */
  readonly created: string;
}
