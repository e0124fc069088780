type Rows = readonly (readonly string[])[];

/** Rows in batches, taken one by one, by one sheet after the other. */
export class RowSource {
  readonly #batches: AsyncIterator<Rows>;
  #batch: Rows = [];
  #next = 0;

  constructor(rows: AsyncIterable<Rows>) {
    this.#batches = rows[Symbol.asyncIterator]();
  }

  /** Whether there is a row to `take`; waits for the next batch where it has to. */
  async hasMore(): Promise<boolean> {
    while (this.#next >= this.#batch.length) {
      const { done, value } = await this.#batches.next();
      if (done === true) return false;
      this.#batch = value;
      this.#next = 0;
    }
    return true;
  }

  /** The next row of the batch; undefined at its end, when `hasMore` is to be asked. */
  take(): readonly string[] | undefined {
    return this.#batch[this.#next++];
  }

  /** Ends the source, wherever it stands. */
  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}
