import { readEnvironment } from '../../packages/config/index.ts';

/** Every variable that the API and the workers ask for, `_FILE` forms included: what readEnvironment looks at, not a list kept beside it. */
export function knownSettings(): ReadonlySet<string> {
  const names = new Set<string>();
  const nothingSet = new Proxy<Record<string, string | undefined>>(
    {},
    {
      get(_, name) {
        names.add(String(name));
        return undefined;
      },
    },
  );
  readEnvironment(nothingSet);
  return names;
}

/**
 * What readEnvironment says of these variables: its problems, none where a program would start. Secrets are files that exist only
 * where Rollcall runs, so each `NAME_FILE` counts as a file that holds something of NAME's shape.
 */
export function problemsOfSettings(variables: Readonly<Record<string, string>>): readonly string[] {
  const known = knownSettings();
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (!known.has(name)) continue;
    const plain = name.replace(/_FILE$/, '');
    const fromFile = name.endsWith('_FILE') && name !== 'ROLLCALL_ACCOUNTS_FILE';
    environment[fromFile ? plain : name] = fromFile ? (inFiles[plain] ?? '') : value;
  }
  const read = readEnvironment(environment);
  return read.ok ? [] : read.problems;
}

const inFiles: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://rollcall:secret@postgres/rollcall',
  REDIS_URL: 'redis://valkey:6379',
  ROLLCALL_SUPPRESSION_SECRETS: `2026:${'0'.repeat(48)}`,
};
