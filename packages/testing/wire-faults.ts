/** Which of a connection's two ways a fault stands in. */
export type WireWay = 'to_server' | 'to_client';

/** What a client's bytes are looked through for: text as bytes (latin1), or an expression over them. */
export type WireMatch = string | RegExp;

/**
 * What happens to the client whose reply is dropped: its connection is reset, as by a middleman that died, or it is kept and
 * stays silent for ever.
 */
export type AfterDrop = 'reset' | 'silence';

/** A reply to be dropped once, by whichever connection comes to it first. */
export interface LostReply {
  /** Undefined: whatever the server says next. */
  readonly match: WireMatch | undefined;
  readonly after: AfterDrop;
  used: boolean;
}

/** What stands in the way of a connection's bytes. */
export interface WireFaults {
  frozen: boolean;
  swallowed: ReadonlySet<WireWay>;
  /** What each piece of up to 64 KiB waits, in both ways. */
  delay_ms: number;
  lostReplies: readonly LostReply[];
  /** Bytes that the client still gets before its connection ends. */
  clientBytesLeft: number;
  clientBytesPerSecond: number;
}

export function noFaults(): WireFaults {
  return {
    frozen: false,
    swallowed: new Set(),
    delay_ms: 0,
    lostReplies: [],
    clientBytesLeft: Number.POSITIVE_INFINITY,
    clientBytesPerSecond: Number.POSITIVE_INFINITY,
  };
}

/** The faults of a wire, for all its connections, or of one connection. They stand until `mend`. */
export interface FaultSwitches {
  /** Connections are taken and kept, and not a byte goes through; what waits is delivered by `mend`. */
  freeze(): void;
  /** Bytes are taken and never delivered, in both ways or in one; what lost any is reset by `mend`. */
  blackHole(way?: WireWay): void;
  /** What is connected is reset (RST) on both sides. New connections are taken as before. */
  reset(): void;
  /** Each piece arrives that much later, in both ways. */
  delay(latency_ms: number): void;
  /**
   * The reply to the first message that matches is dropped, once: the server has done what it was asked (the reply's first
   * byte was seen), and the client never hears of it. Matches what a client sent in the last 4 KiB of a connection: the
   * `COMMIT` of Postgres, an `XADD` of Redis, the `POST /path` of a provider.
   */
  dropReply(match: WireMatch, after?: AfterDrop): void;
  /** As `dropReply`, for whatever the server says next. */
  loseNextReply(): void;
  /** A connection ends in order (FIN) after the server has said that many bytes from now on. */
  truncate(bytes: number): void;
  /** The client gets that many bytes a second. */
  drip(bytesPerSecond: number): void;
  /** No fault any more; counters start anew. */
  mend(): void;
}

/** The switches over faults: `change` says whose they are, `reset` and `mend` what they do besides. */
export function faultSwitches(
  change: (edit: (faults: WireFaults) => void) => void,
  reset: () => void,
  mend: () => void,
): FaultSwitches {
  const lose = (lost: LostReply) => {
    change((faults) => {
      faults.lostReplies = [...faults.lostReplies, lost];
    });
  };
  return {
    freeze() {
      change((faults) => {
        faults.frozen = true;
      });
    },
    blackHole(way) {
      change((faults) => {
        faults.swallowed = new Set(way === undefined ? ['to_server', 'to_client'] : [way]);
      });
    },
    delay(latency_ms) {
      change((faults) => {
        faults.delay_ms = latency_ms;
      });
    },
    dropReply(match, after = 'reset') {
      lose({ match, after, used: false });
    },
    loseNextReply() {
      lose({ match: undefined, after: 'reset', used: false });
    },
    truncate(bytes) {
      change((faults) => {
        faults.clientBytesLeft = bytes;
      });
    },
    drip(bytesPerSecond) {
      change((faults) => {
        faults.clientBytesPerSecond = bytesPerSecond;
      });
    },
    reset,
    mend,
  };
}
