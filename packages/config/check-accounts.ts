import type { AccountEntry, AccountsFile, CheckEntry } from './accounts-schema.ts';

const longestUpload_ms = 20_000;

/** The tenant that rules an account: the one that is named, else the only one that may use it, else the one that every installation starts with. */
export function operatorOf({ operated_by: named, tenants }: AccountEntry): string {
  const only = tenants?.length === 1 ? tenants[0] : undefined;
  return named ?? only ?? 'default';
}

/** What the shape of the file cannot say: limits that hold between settings. Each problem is a line of its own. */
export function checkAccounts(file: AccountsFile): string[] {
  const problems: string[] = [];
  for (const [id, entry] of Object.entries(file.accounts)) {
    problems.push(...accountProblems(`accounts.${id}`, entry));
    for (const [name, check] of Object.entries(entry.checks)) {
      problems.push(...checkProblems(`accounts.${id}.checks.${name}`, check, entry));
    }
  }
  for (const [check, id] of Object.entries(file.defaults)) {
    const entry = file.accounts[id];
    if (entry === undefined) {
      problems.push(`defaults.${check}: no account ${id}; name one of the accounts below`);
    } else if (!entry.enabled) {
      problems.push(`defaults.${check}: account ${id} is not enabled; name another or enable it`);
    } else if (!Object.hasOwn(entry.checks, check)) {
      problems.push(`defaults.${check}: account ${id} does not offer it; add it to its checks`);
    }
  }
  return problems;
}

function accountProblems(path: string, entry: AccountEntry): string[] {
  const problems: string[] = [];
  const say = (setting: string, problem: string) => problems.push(`${path}.${setting}: ${problem}`);

  const url = URL.parse(entry.base_url);
  if (url === null) {
    say('base_url', 'not a URL; write one such as https://api.example.com');
  } else {
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && entry.allow_insecure)) {
      say('base_url', 'must be https; allow_insecure: true is for simulators');
    }
    if (url.username + url.password + url.search + url.hash !== '') {
      say('base_url', 'has a user name, query or fragment; remove it');
    }
  }
  if ((entry.key_env === undefined) === (entry.key_file === undefined)) {
    say('key_env', 'name the key by exactly one of key_env and key_file');
  }
  if (entry.adapter === 'simple-tasks' && entry.path_prefix === undefined) {
    say('path_prefix', 'simple-tasks needs it; write for example /fb/api/simple');
  }
  if (entry.adapter !== 'simple-tasks') {
    if (entry.path_prefix !== undefined) say('path_prefix', 'is for simple-tasks only; remove it');
    if (entry.user_id !== undefined) say('user_id', 'is for simple-tasks only; remove it');
  }
  if (entry.tenants && !entry.tenants.includes(operatorOf(entry))) {
    say('operated_by', `write one of its tenants: ${entry.tenants.join(', ')}`);
  }
  if (Object.keys(entry.checks).length === 0) say('checks', 'offers nothing; add a check');
  if (entry.upload_deadline < 1 || entry.upload_deadline > longestUpload_ms) {
    say('upload_deadline', 'must be above 0 and at most 20s, so that a stop stays bounded');
  }
  if (entry.download_deadline < 1) say('download_deadline', 'must be above 0');
  if (entry.poll.floor < 1) say('poll.floor', 'must be above 0');
  if (entry.poll.floor > entry.poll.ceiling) {
    say('poll.ceiling', 'is below poll.floor; raise it or lower the floor');
  }
  if (entry.poll.ceiling > entry.poll.deadline) {
    say('poll.deadline', 'is below poll.ceiling; raise it or lower the ceiling');
  }
  return problems;
}

function checkProblems(path: string, check: CheckEntry, account: AccountEntry): string[] {
  const problems: string[] = [];
  const say = (setting: string, problem: string) => problems.push(`${path}.${setting}: ${problem}`);
  const { min_numbers: min, max_numbers: max, chunk_size: size } = check;

  if (size < min) say('chunk_size', `is below min_numbers ${min}; raise it`);
  if (size > max) say('chunk_size', `is above max_numbers ${max}; lower it`);
  // Below this some job sizes cannot be cut into legal chunks at all.
  if (max < 2 * min - 1)
    say('max_numbers', `must be at least ${2 * min - 1} (2 · min_numbers − 1)`);
  if (account.adapter === 'webcom' && check.result_semantics === undefined) {
    say(
      'result_semantics',
      'webcom does not document its files; say positives_only, negatives_only or table',
    );
  }
  return problems;
}
