import { z } from 'zod';

/** Each list has cursors of its own, so that one of another list is refused and not misread. */
const shapes = {
  jobs: z.strictObject({ list: z.literal('jobs'), after: z.string().regex(/^job_[0-9a-f-]{36}$/) }),
  chunks: z.strictObject({ list: z.literal('chunks'), after: z.int().min(1) }),
  holds: z.strictObject({
    list: z.literal('holds'),
    after: z.strictObject({
      held_us: z.int().min(0),
      chunkId: z.string().regex(/^chk_[0-9a-f-]{36}$/),
    }),
  }),
  audit: z.strictObject({ list: z.literal('audit'), after: z.int().min(1) }),
  keys: z.strictObject({ list: z.literal('keys'), after: z.string().regex(/^key_[0-9a-f-]{36}$/) }),
  replays: z.strictObject({ list: z.literal('replays'), after: z.int().min(1) }),
  replayed_rows: z.strictObject({ list: z.literal('replayed_rows'), after: z.int().min(1) }),
  results: z.strictObject({ list: z.literal('results'), after: z.int().min(1) }),
  rejects: z.strictObject({ list: z.literal('rejects'), after: z.int().min(1) }),
} as const;

type List = keyof typeof shapes;
type After<Of extends List> = z.infer<(typeof shapes)[Of]>['after'];

/** The opaque form of "go on after this row". */
export function writeCursor<Of extends List>(list: Of, after: After<Of>): string {
  return Buffer.from(JSON.stringify({ list, after })).toString('base64url');
}

/** Reads a cursor of this list: null for the first page, `invalid` for anything that `writeCursor` did not write. */
export function readCursor<Of extends List>(
  list: Of,
  text: string | undefined,
): { readonly kind: 'cursor'; readonly after: After<Of> | null } | { readonly kind: 'invalid' } {
  if (text === undefined) return { kind: 'cursor', after: null };
  try {
    const parsed = shapes[list].safeParse(
      JSON.parse(Buffer.from(text, 'base64url').toString('utf8')),
    );
    if (parsed.success) return { kind: 'cursor', after: parsed.data.after };
  } catch {
    // Not JSON: none of ours.
  }
  return { kind: 'invalid' };
}
