import { once } from 'node:events';
import { FrameReader } from './frames.ts';
import type { ConfinementLimits } from './limits.ts';
import type { Started } from './start-confined.ts';
import { hasEnded, type Watch, watchAtRest, watchOver } from './watch-over.ts';
import { forgetPeak, lookAtProcess } from './watch-process.ts';

/** What a process may have at most that is to wait for another request. */
export interface RestLimits {
  /** Resident, after its answer. */
  readonly memory_bytes: number;
  /** Of the processor, for all requests so far. */
  readonly processorTime_ms: number;
}

/**
 * A confined process, from its start to its end: it answers, rests where it is let, answers again. What it says between two requests nobody
 * asked for, so it is not itself any more, and is ended.
 */
export class Conversation {
  readonly frames = new FrameReader();
  readonly #child: Started;
  readonly #pieces: AsyncIterator<Buffer>;
  /** What comes first in the next answer, where it rests. */
  #ahead: Promise<IteratorResult<Buffer>> | null = null;
  #endRest: () => void = () => undefined;
  #isFirst = true;
  #isOver = false;

  constructor(child: Started) {
    this.#child = child;
    this.#pieces = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Whether it can be asked something. */
  get isThere(): boolean {
    return !this.#isOver && !hasEnded(this.#child);
  }

  /** Whether it ended by a signal or by itself, and how; to be asked once `next` has nothing more. */
  async end(): Promise<string> {
    await exited(this.#child);
    return this.#child.signalCode ?? `exit code ${this.#child.exitCode}`;
  }

  /** Hands a request over, in a frame, and looks at what the process uses from here on. */
  ask(request: Buffer, limits: ConfinementLimits): Watch {
    this.#endRest();
    // That of its start counts for its first request, as it has to be had for it.
    const before_ms = this.#isFirst ? 0 : lookAtProcess(this.#child.pid ?? 0).processorTime_ms;
    this.#isFirst = false;
    const watch = watchOver(this.#child, limits, before_ms);
    this.#child.stdin.write(request);
    return watch;
  }

  /** The next piece of what it says. */
  next(): Promise<IteratorResult<Buffer>> {
    const ahead = this.#ahead;
    this.#ahead = null;
    return ahead ?? this.#pieces.next();
  }

  /** Lets it wait for another request. False: it has used too much, or this system does not tell, and it is to be ended. */
  rest(limits: RestLimits, memory_bytes: number): boolean {
    const pid = this.#child.pid ?? 0;
    if (!this.isThere || !forgetPeak(pid)) return false;
    const { peak_bytes, processorTime_ms } = lookAtProcess(pid);
    if (peak_bytes > limits.memory_bytes || processorTime_ms > limits.processorTime_ms)
      return false;
    this.#endRest = watchAtRest(this.#child, memory_bytes);
    const ahead = this.#pieces.next();
    this.#ahead = ahead;
    const unasked = (): void => {
      if (this.#ahead === ahead) void this.close();
    };
    ahead.then(unasked, unasked);
    return true;
  }

  /** Ends the process, whatever it does, and waits until it is gone. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#endRest();
    const child = this.#child;
    child.kill('SIGKILL');
    child.stdout.destroy();
    child.stderr.destroy();
    child.stdin.destroy();
    await exited(child);
  }
}

async function exited(child: Started): Promise<void> {
  if (!hasEnded(child)) await once(child, 'exit');
}
