import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedModules } from './program-sources.ts';

/**
 * Puts modules into one classic script, which is all that a startup snapshot of Node may be made of. The script defines `load(url)`, and asks
 * `require` for the built-in modules among them. It knows the forms of import and export that our code has, which begin their line as the
 * formatter writes them. A module that waits at its top, or that needs another of its own circle at once, fails when the script is run: when the
 * snapshot is made, and not when it is used.
 * @throws where a form is another
 */
export function linkModules({
  modules,
  resolved,
}: Pick<LoadedModules, 'modules' | 'resolved'>): string {
  const linked = Object.entries(modules).map(([url, { format, source }]) => {
    const body = format === 'module' ? asFunctionBody(url, source) : source;
    return `${JSON.stringify(url)}(module, exports, require, importLater) {${body}\n}`;
  });
  return `const resolved = ${JSON.stringify(resolved)};
const loaded = new Map();
const modules = {${linked.join(',\n')}};
function load(url) {
  if (!Object.hasOwn(modules, url)) return require(url);
  const known = loaded.get(url);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(url, module);
  const find = (specifier) => {
    const found = resolved[url + ' ' + specifier];
    if (found === undefined) throw new Error(specifier + ' is not for a confined program');
    return load(found);
  };
  modules[url].call(module.exports, module, module.exports, find, async (later) => find(later));
  return module.exports;
}
`;
}

const imports =
  /^import\s+(?:\*\s+as\s+)?(?:(?<whole>\w+)|\{(?<names>[^}]*)\})\s+from\s+'(?<from>[^']+)';/gm;
const exportsOfAnother = /^export\s+\{(?<names>[^}]*)\}\s+from\s+'(?<from>[^']+)';/gm;
const exportsByName = /^export\s+\{(?<names>[^}]*)\};/gm;
const exportsHere =
  /^export\s+(?<what>(?:async\s+)?function\b\s*\*?|class|const|let)\s+(?<name>\w+)/gm;
const leftOver = /^(?:import|export)\b.*/m;

/** The body of a function that does as the module does, with what it exports as getters of `exports`. */
function asFunctionBody(url: string, source: string): string {
  const getters: string[] = [];
  let others = 0;
  const give = (name: string, value: string): void => {
    const getter = `{ enumerable: true, get: () => ${value} }`;
    getters.push(`Object.defineProperty(exports, '${name}', ${getter});`);
  };
  const body = source
    .replace(imports, (...match) => {
      const { whole, names = '', from } = groupsOf(match);
      const taken = pairsOf(names).map(([theirs, ours]) => `${theirs}: ${ours}`);
      return `const ${whole ?? `{ ${taken.join(', ')} }`} = require('${from}');`;
    })
    .replace(exportsOfAnother, (...match) => {
      const { names = '', from } = groupsOf(match);
      const other = `other${others++}`;
      for (const [theirs, ours] of pairsOf(names)) give(ours, `${other}.${theirs}`);
      return `const ${other} = require('${from}');`;
    })
    .replace(exportsByName, (...match) => {
      for (const [ours, theirs] of pairsOf(groupsOf(match)['names'] ?? '')) give(theirs, ours);
      return '';
    })
    .replace(exportsHere, (...match) => {
      const { what, name = '' } = groupsOf(match);
      give(name, name);
      return `${what} ${name}`;
    })
    .replace(/\bimport\(/g, 'importLater(')
    .replace(/\bimport\.meta\b/g, `(${JSON.stringify(metaOf(url))})`);
  const odd = leftOver.exec(body)?.[0];
  if (odd !== undefined) throw new Error(`${url} has a form that cannot be linked: ${odd}`);
  return `'use strict'; ${getters.join(' ')}\n${body}`;
}

function groupsOf(match: readonly unknown[]): Readonly<Record<string, string | undefined>> {
  return match.at(-1) as Record<string, string | undefined>;
}

/** `a, b as c` as pairs of the name before `as` and the one behind. */
function pairsOf(names: string): (readonly [string, string])[] {
  const each = names.replace(/\/\/.*/g, '').split(',');
  return each
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => {
      const [first = '', second = first] = name.split(/\s+as\s+/);
      return [first, second] as const;
    });
}

function metaOf(url: string): Readonly<Record<string, string>> {
  const filename = fileURLToPath(url);
  return { url, filename, dirname: dirname(filename) };
}
