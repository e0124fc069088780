import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { childEnvironment, readEnvironment } from '@rollcall/config';
import { type AuditAnchor, openDatabase, type VerifiedChain, verifyAudit } from '@rollcall/db';

const usage = `Usage: npx --yes pnpm@12.21.0 verify-audit [--expect ANCHOR|FILE]… [--json]

  --expect       an anchor as an earlier run printed it (1:523:9f86…), or a file with
                 such a run's output: those rows must still stand as they were
  --json         one JSON object instead of lines

DATABASE_URL says in which database. A chain that is EMPTY never had a row, or was taken
away whole: which, only an anchor shows. Exit codes: 0 all chains hold, 1 one does not, 64 usage.
`;
/** EX_USAGE, EX_CONFIG */
const exit = { broken: 1, usage: 64, configuration: 78 } as const;
const anchorShape = /(?<![\w:])(\d{1,9}):(\d{1,15}):([0-9a-f]{64})(?![0-9a-f])/g;

/** `pnpm verify-audit`: walks the audit trail and says whether each chain holds, or which row does not. */
async function main(): Promise<number> {
  const flags = readFlags();
  if (!flags) {
    process.stderr.write(usage);
    return exit.usage;
  }
  if (flags.help) {
    process.stdout.write(usage);
    return 0;
  }
  const expected = await readAnchors(flags.expect);
  if (typeof expected === 'string') {
    process.stderr.write(`Nothing was verified: ${expected}\n`);
    return exit.usage;
  }
  const environment = readEnvironment(childEnvironment({ ROLLCALL_ACCOUNTS_FILE: 'not read' }));
  if (!environment.ok) {
    const problems = environment.problems.map((problem) => `  ${problem}\n`);
    process.stderr.write(`Nothing was verified:\n${problems.join('')}`);
    return exit.configuration;
  }
  const database = openDatabase({
    url: environment.config.databaseUrl,
    // Every chain, and nothing that could be changed.
    role: 'rollcall_worker',
    maxConnections: 1,
    applicationName: 'rollcall verify-audit',
    onIdleError: () => undefined,
  });
  try {
    const chains = await verifyAudit(database, expected);
    process.stdout.write(flags.json ? `${JSON.stringify(told(chains))}\n` : linesOf(chains));
    return chains.every(({ problem }) => problem === null) ? 0 : exit.broken;
  } finally {
    await database.close();
  }
}

function readFlags(): {
  readonly expect: readonly string[];
  readonly json: boolean;
  readonly help: boolean;
} | null {
  try {
    const { values } = parseArgs({
      options: {
        expect: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch {
    return null;
  }
}

/** What is wrong with the first of them that names no anchor: what was meant to be looked for must not be forgotten silently. */
async function readAnchors(given: readonly string[]): Promise<readonly AuditAnchor[] | string> {
  const anchors: AuditAnchor[] = [];
  for (const each of given) {
    const isAnchor = each.search(anchorShape) === 0;
    const text = isAnchor ? each : await readFile(each, 'utf8').catch(codeOf);
    if (typeof text !== 'string') {
      const why = text.code === 'ENOENT' ? 'neither an anchor (1:523:9f86…) nor a file' : text.code;
      return `--expect ${each}: ${why}`;
    }
    const found = [...text.matchAll(anchorShape)].map(([, chain, number, hash = '']) => ({
      chain: Number(chain),
      number: Number(number),
      hash,
    }));
    if (found.length === 0) {
      return `--expect ${each}: no line of this file has an anchor, such as 1:523: and the 64 digits of a hash`;
    }
    anchors.push(...found);
  }
  return anchors;
}

function codeOf(error: NodeJS.ErrnoException): { readonly code: string } {
  return { code: error.code ?? error.message };
}

function told(chains: readonly VerifiedChain[]) {
  return {
    ok: chains.every(({ problem }) => problem === null),
    rows: chains.reduce((sum, { rows }) => sum + rows, 0),
    chains: chains.map(({ head, ...chain }) => ({ ...chain, head: head && anchorOf(head) })),
  };
}

function linesOf(chains: readonly VerifiedChain[]): string {
  const lines = chains.map((chain) => {
    const whose = chain.chain === 0 ? 'the installation' : `tenant ${chain.tenant ?? chain.chain}`;
    const rows = `${chain.rows} rows${chain.first > 1 ? `, the first kept is ${chain.first}` : ''}`;
    if (chain.problem) return `BROKEN  ${whose}: ${chain.problem.says} (${rows} before it hold)`;
    // Nobody can tell a chain that never had a row from one that was taken away with its head.
    if (chain.head === null) return `EMPTY   ${whose}: no row, or none is left`;
    return `ok      ${whose}: ${rows}; ${anchorOf(chain.head)}`;
  });
  const broken = chains.filter(({ problem }) => problem !== null).length;
  const sum = chains.reduce((rows, chain) => rows + chain.rows, 0);
  lines.push(
    broken === 0
      ? `The audit trail holds: ${chains.filter(({ head }) => head !== null).length} chains, ${sum} rows. Keep these lines elsewhere, for --expect.`
      : `The audit trail does not hold: ${broken} of ${chains.length} chains are broken.`,
  );
  return `${lines.join('\n')}\n`;
}

function anchorOf({ chain, number, hash }: AuditAnchor): string {
  return `${chain}:${number}:${hash}`;
}

process.exitCode = await main();
