import { type Account, type CheckOffer, specialCategories } from '@rollcall/domain';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { type AccountEntry, accountsFile, type CheckEntry } from './accounts-schema.ts';
import { checkAccounts, operatorOf } from './check-accounts.ts';
import type { Environment } from './environment-variable.ts';
import { readKey } from './read-key.ts';

export interface Accounts {
  readonly accounts: ReadonlyMap<string, Account>;
  /** The account of each check where a job names none. */
  readonly defaults: ReadonlyMap<string, string>;
  /** The key of an account. Throws where the file was read without keys, or has no such account: bugs both. */
  keyOf(accountId: string): string;
}

export type AccountsRead =
  | { readonly ok: true; readonly accounts: Accounts }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads the accounts file. Each problem is one line, `path: what is wrong; what to do`, and all are named at once.
 * `withKeys: false` is for the API process, which has no keys and must start without them.
 */
export function readAccounts(
  text: string,
  env: Environment = process.env,
  options: { readonly withKeys: boolean },
): AccountsRead {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    return { ok: false, problems: document.errors.map(({ message }) => oneLine(message)) };
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Aliases that would multiply without end, or name no anchor.
    return { ok: false, problems: [oneLine(String(error))] };
  }
  const parsed = accountsFile.safeParse(value);
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.map(problemOf) };

  const entries = Object.entries(parsed.data.accounts).filter(([, entry]) => entry.enabled);
  const problems = checkAccounts(parsed.data);
  const keys = new Map<string, string>();
  if (options.withKeys) {
    for (const [id, entry] of entries) {
      const key = readKey(id, entry, env);
      if (key.ok) keys.set(id, key.value);
      else problems.push(key.problem);
    }
  }
  if (problems.length > 0) return { ok: false, problems };

  return {
    ok: true,
    accounts: {
      accounts: new Map(entries.map(([id, entry]) => [id, accountOf(id, entry)])),
      defaults: new Map(Object.entries(parsed.data.defaults)),
      keyOf(accountId) {
        const key = keys.get(accountId);
        if (key === undefined) throw new Error(`no key was read for account ${accountId}`);
        return key;
      },
    },
  };
}

function oneLine(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/:$/, '');
}

function problemOf(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join('.') || 'the file';
  if (issue.code === 'unrecognized_keys') {
    return `${path}: unknown setting ${issue.keys.join(', ')}; remove it or correct its spelling`;
  }
  if (issue.code === 'invalid_key') {
    return `${path}: ${issue.issues[0]?.message ?? 'this name is not allowed'}`;
  }
  return `${path}: ${issue.message}`;
}

function offerOf(entry: CheckEntry, wanted: AccountEntry['special_categories']): CheckOffer {
  return {
    taskType: entry.task_type,
    minNumbers: entry.min_numbers,
    maxNumbers: entry.max_numbers,
    chunkSize: entry.chunk_size,
    pricePerNumber: entry.price_per_number,
    semantics: entry.result_semantics ?? 'table',
    verdictColumns: entry.verdict_columns,
    verdictWords: entry.verdict_words,
    ...(wanted !== false && { specialCategories: wanted === true ? specialCategories : wanted }),
  };
}

function accountOf(id: string, entry: AccountEntry): Account {
  const checks = Object.entries(entry.checks).map(([name, check]) => [
    name,
    offerOf(check, entry.special_categories),
  ]);
  return {
    id,
    adapter: entry.adapter,
    baseUrl: entry.base_url,
    currency: entry.currency,
    ...(entry.tenants && { tenants: entry.tenants }),
    operatedBy: operatorOf(entry),
    checks: Object.fromEntries(checks),
    pace: {
      requestsPerSecond: entry.pace.requests_per_second,
      uploadsInFlight: entry.pace.uploads_in_flight,
    },
    poll: {
      floor_ms: entry.poll.floor,
      ceiling_ms: entry.poll.ceiling,
      deadline_ms: entry.poll.deadline,
    },
    upload_deadline_ms: entry.upload_deadline,
    download_deadline_ms: entry.download_deadline,
    maxResultBytes: entry.max_result_bytes,
    resultHosts: entry.result_hosts,
    allowInsecure: entry.allow_insecure,
    canary: entry.canary,
    semanticsConfirmed: entry.semantics_confirmed,
    dailyCap: entry.daily_cap,
    monthlyCap: entry.monthly_cap,
    pathPrefix: entry.path_prefix ?? null,
    userId: entry.user_id ?? null,
  };
}
