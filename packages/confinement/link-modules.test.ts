import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { linkModules } from './link-modules.ts';

type Sources = Readonly<Record<string, string>>;

/** The script of modules by their names, each of which imports the others by them. */
function link(sources: Sources, format = 'module'): string {
  const url = (name: string) => `file:///${name}`;
  const modules = Object.entries(sources).map(([name, source]) => [url(name), { format, source }]);
  const names = Object.keys(sources);
  const resolved = names.flatMap((importer) =>
    names.map((name) => [`${url(importer)} ${name}`, url(name)]),
  );
  return linkModules({
    modules: Object.fromEntries(modules),
    resolved: Object.fromEntries(resolved),
  });
}

function load(sources: Sources, format?: string): unknown {
  return runInNewContext(`${link(sources, format)}\nload('file:///first')`, {
    require: () => ({}),
  });
}

test('what one module exports another has by its name, however either is written', () => {
  const exported = load({
    first: [
      "import { a, later as b,\n  C, // with its reason\n} from 'second';",
      "import * as whole from 'second';",
      "export { d as e } from 'second';",
      'export const all = [a, b(), new C().is, whole.d, import.meta.filename];',
      'const inner = 1;',
      'export { inner as outer };',
    ].join('\n'),
    second: [
      'export const a = 1;',
      'export function later() { return d; }',
      'export class C { is = 3; }',
      'export async function* pieces() {}',
      'export let d = 0;',
      'd = 4;',
    ].join('\n'),
  });
  expect(JSON.parse(JSON.stringify(exported))).toEqual({
    all: [1, 4, 3, 4, '/first'],
    outer: 1,
    e: 4,
  });
});

test('classic modules keep their ways', () => {
  const exported = load(
    { first: "exports.a = require('second')", second: 'module.exports = 2' },
    '',
  );
  expect(exported).toEqual({ a: 2 });
});

test('a form that it does not know is refused, before anything runs', () => {
  for (const form of ['export default 1;', "export * from 'second';", "import 'second';"])
    expect(() => link({ first: form }), form).toThrow('cannot be linked');
});

test('what was not imported when the modules were collected is not there', () => {
  expect(() => load({ first: "import { connect } from 'node:net';" })).toThrow(
    'node:net is not for a confined program',
  );
});
