import type { Reject } from './reject.ts';
import { keepRawText } from './reject.ts';
import type { RejectReason } from './reject-reason.ts';
import { Spool } from './spool.ts';

const batchLength = 512;

/** Rejects put aside in line order, as JSON, a batch at a time. */
export class RejectLog {
  readonly #spool: Spool;
  readonly #batchBytes: number[] = [];
  #unsettled: Uint8Array[] = [];
  #current: Reject[] = [];
  #count = 0;
  readonly #countByReason = new Map<RejectReason, number>();

  constructor(directory: string) {
    this.#spool = new Spool(directory);
  }

  get count(): number {
    return this.#count;
  }

  get countByReason(): ReadonlyMap<RejectReason, number> {
    return this.#countByReason;
  }

  /** Synchronous, for the hot loop; {@link settle} writes down what has gathered. */
  add(line: number, reason: RejectReason, text: string): void {
    this.#count += 1;
    this.#countByReason.set(reason, (this.#countByReason.get(reason) ?? 0) + 1);
    this.#current.push({ line, reason, raw: keepRawText(text) });
    if (this.#current.length === batchLength) this.#seal();
  }

  async settle(): Promise<void> {
    const pieces = this.#unsettled;
    this.#unsettled = [];
    for (const piece of pieces) {
      this.#batchBytes.push(piece.byteLength);
      await this.#spool.append(piece);
    }
  }

  async finish(): Promise<void> {
    if (this.#current.length > 0) this.#seal();
    await this.settle();
  }

  async *batches(): AsyncGenerator<readonly Reject[]> {
    let offset = 0;
    for (const length of this.#batchBytes) {
      const bytes = Buffer.allocUnsafe(length);
      await this.#spool.read(bytes, offset);
      offset += length;
      yield JSON.parse(bytes.toString()) as Reject[];
    }
  }

  async close(): Promise<void> {
    this.#unsettled = [];
    this.#current = [];
    await this.#spool.close();
  }

  #seal(): void {
    this.#unsettled.push(Buffer.from(JSON.stringify(this.#current)));
    this.#current = [];
  }
}
