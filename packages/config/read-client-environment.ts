import { type Environment, readSecretFile, readVariable } from './environment-variable.ts';

/** What a program that speaks to Rollcall's API is told from outside. */
export interface ClientSettings {
  /** Where the API is, without a slash at its end: `https://rollcall.example`. */
  readonly url: string;
  /** Null: none was given. Some calls need none. */
  readonly key: string | null;
  /** False: NO_COLOR is set (no-color.org), or the terminal knows no colours. */
  readonly colors: boolean;
}

export type ClientEnvironmentRead =
  | { readonly ok: true; readonly settings: ClientSettings }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Where `start` listens unless told otherwise. */
const usualUrl = 'http://127.0.0.1:8080';

/**
 * Reads ROLLCALL_URL and the key: ROLLCALL_API_KEY, ROLLCALL_API_KEY_FILE, or ROLLCALL_KEY, which `start` prints and the curl lines of
 * docs/api.md use. Flags go before variables. A key comes by a variable or a file and never by a flag, since every user of
 * a machine sees the flags of its processes. Problems name every error at once and never hold the key.
 */
export function readClientEnvironment(
  flags: { readonly url?: string | undefined; readonly keyFile?: string | undefined } = {},
  env: Environment = process.env,
): ClientEnvironmentRead {
  const problems: string[] = [];
  const urlName = flags.url === undefined ? 'ROLLCALL_URL' : '--url';
  const url = flags.url ?? (env['ROLLCALL_URL'] || usualUrl);
  const parsed = URL.parse(url);
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
    problems.push(`${urlName}: is not a URL that starts with https:// or http://; correct it`);
  } else if (parsed.username !== '' || parsed.password !== '') {
    problems.push(`${urlName}: holds a user or password; give the key with ROLLCALL_API_KEY`);
  } else if (parsed.search !== '' || parsed.hash !== '') {
    problems.push(`${urlName}: write it without ? and #`);
  }
  const key = readKey(flags.keyFile, env);
  if (!key.ok) problems.push(key.problem);
  else if (key.value !== null && !/^[\x21-\x7e]+$/.test(key.value)) {
    problems.push(
      'the API key has spaces or characters that no HTTP header takes; check how it was copied',
    );
  }
  if (problems.length > 0 || !key.ok) return { ok: false, problems };
  const colors = !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return { ok: true, settings: { url: url.replace(/\/+$/, ''), key: key.value, colors } };
}

function readKey(keyFile: string | undefined, env: Environment) {
  if (keyFile !== undefined) return readSecretFile('--key-file', keyFile);
  const read = readVariable('ROLLCALL_API_KEY', env);
  return read.ok && read.value === null ? readVariable('ROLLCALL_KEY', env) : read;
}
