/** What an API key may do. `admin` may do everything; `approvals:write` is the word of the one who pays twice. */
export const scopes = [
  'jobs:write',
  'jobs:read',
  'results:read',
  'holds:resolve',
  'approvals:write',
  'admin',
] as const;

export type Scope = (typeof scopes)[number];
