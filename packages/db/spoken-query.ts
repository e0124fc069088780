import pg from 'pg';

/** What a statement is spoken with: a setting of its own transaction, and where that is looked up, by what. */
export interface Preamble {
  /** One row, no result of use: `SELECT set_config(…, $1, true)`. */
  readonly text: string;
  readonly values: readonly string[];
}

/** The part of pg's connection that sends messages of the extended protocol. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { readonly text: string }): void;
  bind(message: { readonly values: readonly string[] }): void;
  execute(message: object): void;
}

/** The part of pg's query that answers are given to. */
interface Answered {
  submit(wire: unknown): Error | null;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, wire: unknown): void;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- pg's own types leave out what it calls
const PlainQuery = pg.Query as unknown as new (config: object, values?: unknown) => Answered;

/**
 * For a statement that is said by name, which a connection keeps with one plan for all parameters: of a page of results planning took longer than reading it. What the plan was
 * made for is not in it: whose rows they are is asked anew each time, by the policies, and of another role Postgres makes another plan.
 */
const keptPlan = ", set_config('plan_cache_mode', 'force_generic_plan', true)";

/**
 * A statement outside a transaction with its preamble before it, in one message to the server and so in one transaction, which ends with the statement:
 * what the preamble sets is gone before the next user of the connection says anything. A round trip more each way is what BEGIN and COMMIT around it
 * would cost. https://www.postgresql.org/docs/17/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class SpokenQuery extends PlainQuery {
  readonly #preamble: Preamble;
  /** Said by name. */
  readonly #isKept: boolean;
  #isSpoken = false;

  constructor(preamble: Preamble, statement: string | object, values?: unknown) {
    const config = typeof statement === 'string' ? { text: statement } : statement;
    // A simple query behind a preamble that fails would be left out, and wait for ever.
    super({ ...config, queryMode: 'extended' }, values);
    this.#preamble = preamble;
    this.#isKept = 'name' in config;
  }

  override submit(wire: Wire): Error | null {
    wire.stream.cork();
    try {
      wire.parse({ text: this.#preamble.text + (this.#isKept ? keptPlan : '') });
      wire.bind({ values: this.#preamble.values });
      wire.execute({});
      return super.submit(wire);
    } finally {
      wire.stream.uncork();
    }
  }

  override handleDataRow(message: unknown): void {
    if (this.#isSpoken) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, wire: unknown): void {
    if (this.#isSpoken) super.handleCommandComplete(message, wire);
    this.#isSpoken = true;
  }
}
