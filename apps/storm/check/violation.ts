/** A promise that was not kept. `count`: numbers for `paid_twice`, `lost`, `partial`, `suppressed_sent` and `not_erased`, occurrences otherwise. */
export interface Violation {
  readonly kind:
    | 'paid_twice'
    | 'lost'
    | 'stale_write'
    | 'partial'
    | 'stuck'
    | 'money'
    | 'status'
    | 'lease'
    | 'file'
    | 'spending'
    | 'sums'
    | 'suppressed_sent'
    | 'not_erased';
  readonly chunkId: string | null;
  /** Where it is of a whole job: its chunks are to blame. */
  readonly jobId?: string;
  readonly count: number;
  readonly what: string;
}
