/** The secrets of the suppression list as a variable or a file holds them. */
export type SuppressionSecretsRead =
  | {
      readonly ok: true;
      readonly secrets: readonly { readonly id: string; readonly secret: string }[];
    }
  /** Without any of what stood there. */
  | { readonly ok: false; readonly problem: string };

const advice =
  'write id:secret, and further pairs behind a comma or in a line each: the first is current, the others are still checked';

/**
 * Reads `id:secret` pairs, separated by commas or line ends. A secret has at least 32 characters: whoever guesses it can try all phone numbers
 * against the list.
 */
export function readSuppressionSecrets(text: string | null): SuppressionSecretsRead {
  const pairs = (text ?? '').split(/[,\n]/).map((pair) => pair.trim());
  const secrets = pairs
    .filter((pair) => pair !== '')
    .map((pair) => /^([a-z0-9][a-z0-9_-]{0,31}):([\x21-\x7e]{32,512})$/.exec(pair));
  if (secrets.some((found) => found === null)) {
    return {
      ok: false,
      problem: `${advice}; an id is lower-case letters, digits, _ and -, a secret 32 to 512 visible characters without a comma, such as 64 random hex digits`,
    };
  }
  const read = secrets.flatMap((found) => {
    const [, id, secret] = found ?? [];
    return id !== undefined && secret !== undefined ? [{ id, secret }] : [];
  });
  for (const member of ['id', 'secret'] as const) {
    if (new Set(read.map((each) => each[member])).size < read.length) {
      return { ok: false, problem: `the same ${member} twice; ${advice}` };
    }
  }
  return { ok: true, secrets: read };
}
