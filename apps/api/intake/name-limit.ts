import type { ReadLimit } from '@rollcall/numbers';

/** The variable that raises the limit that an upload was refused for. */
const variables = {
  maxBytes: 'ROLLCALL_INTAKE_MAX_BYTES',
  maxLines: 'ROLLCALL_INTAKE_MAX_LINES',
  maxLineBytes: 'ROLLCALL_INTAKE_MAX_LINE_BYTES',
} as const satisfies Record<ReadLimit, string>;

/** What the caller of an installation can ask its operator for. */
export function nameLimit(limit: ReadLimit): string {
  return `The limit is the operator's to raise: ${variables[limit]}.`;
}
