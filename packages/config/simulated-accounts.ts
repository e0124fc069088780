import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';

/** The simulator's own keys and prices, by account of the shipped file. */
const simulated: Readonly<Record<string, { readonly key: string; readonly price: string }>> = {
  webcom: { key: 'sim-webcom', price: '0.0008' },
  ekycpro: { key: 'sim-ekycpro', price: '0.0005' },
  checknumber: { key: 'sim-checknumber', price: '0.0006' },
  'ekycpro-facebook': { key: 'sim-facebook', price: '0.001' },
};

export interface SimulatedAccounts {
  /** The text of an accounts file. */
  readonly text: string;
  /** The environment that its `key_env` entries name. */
  readonly keys: Readonly<Record<string, string>>;
}

/**
 * The shipped accounts file, turned towards a simulator: its addresses, keys and prices, result files whose meaning is known, and
 * polls in fractions of a second. Checks, limits and semantics stay as shipped, so that a run shows that they work.
 */
export async function simulatedAccounts(simulator: {
  readonly url: string;
  readonly resultUrl: string;
  readonly chunkSize?: number;
}): Promise<SimulatedAccounts> {
  const text = await readFile(new URL('./accounts.yaml', import.meta.url), 'utf8');
  // What the shipped file says of itself at its head is not true of this one.
  const head = '# The shipped accounts, turned towards a simulator.\n';
  const shipped = parseDocument(text.replace(/^(?:#.*\n)+/, head));
  const keys: Record<string, string> = {};
  for (const [account, { key, price }] of Object.entries(simulated)) {
    const name = `SIMULATOR_KEY_${account.toUpperCase().replaceAll('-', '_')}`;
    keys[name] = key;
    const set = (path: readonly string[], value: unknown) =>
      shipped.setIn(['accounts', account, ...path], shipped.createNode(value));
    set(['base_url'], simulator.url);
    set(['key_env'], name);
    set(['allow_insecure'], true);
    set(['result_hosts'], [new URL(simulator.resultUrl).host]);
    set(['semantics_confirmed'], true);
    set(['pace'], { requests_per_second: 100, uploads_in_flight: 4 });
    set(['poll'], { floor: '200ms', ceiling: '2s', deadline: '10m' });
    const checks = shipped.toJS().accounts[account].checks as Record<
      string,
      { min_numbers?: number }
    >;
    for (const [check, offer] of Object.entries(checks)) {
      set(['checks', check, 'price_per_number'], price);
      if (simulator.chunkSize !== undefined) {
        set(['checks', check, 'chunk_size'], Math.max(simulator.chunkSize, offer.min_numbers ?? 1));
      }
    }
  }
  return { text: shipped.toString(), keys };
}
