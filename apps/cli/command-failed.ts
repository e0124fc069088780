import type { Problem } from '@rollcall/contract';
import type { Ending } from './exit-codes.ts';

/** What goes to a caller who asked for JSON: the API's own problem, or one of the same shape without its HTTP parts. */
export type ShownProblem = Pick<Problem, 'type' | 'title' | 'code' | 'detail'> & Partial<Problem>;

/**
 * Ends the command: an expected end that the person is told of, with how the program exits. Thrown from wherever it is met and
 * caught in main.ts alone, since nothing in between could do anything about it.
 */
export class CommandFailed extends Error {
  readonly ending: Ending;
  readonly problem: ShownProblem;
  /** What to do next, one line each. */
  readonly advice: readonly string[];

  constructor(ending: Ending, problem: ShownProblem, advice: readonly string[] = []) {
    super(problem.detail);
    this.ending = ending;
    this.problem = problem;
    this.advice = advice;
  }
}

/** An end that is ours and not the API's. `code` is stable. */
export function failed(
  ending: Ending,
  code: string,
  title: string,
  detail: string,
  advice: readonly string[] = [],
): CommandFailed {
  return new CommandFailed(
    ending,
    { type: `urn:rollcall:cli:${code}`, title, code, detail },
    advice,
  );
}

/** Where the key is looked for. */
export const keyPlaces = 'ROLLCALL_API_KEY, ROLLCALL_API_KEY_FILE, ROLLCALL_KEY or --key-file';

export function usageError(detail: string): CommandFailed {
  return failed('usage', 'usage', 'The command line is wrong', detail);
}
