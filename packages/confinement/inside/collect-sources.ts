// A program: `node collect-sources.ts PROGRAM` loads a module, as the product itself would, and writes to standard output all that was
// loaded for it, as JSON (ProgramSources). It runs with our rights, before any stranger's byte is there.

import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ProgramSources } from '../program-sources.ts';

const modules: Record<string, { readonly format: string; readonly source: string }> = {};
const resolved: Record<string, string> = {};
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    resolved[`${context.parentURL ?? ''} ${specifier}`] = found.url;
    return found;
  },
  load(url, context, next) {
    const found = next(url, context);
    if (!url.startsWith('file:')) return found;
    const text = readFileSync(fileURLToPath(url), 'utf8');
    modules[url] = url.endsWith('.ts')
      ? { format: 'module', source: stripTypeScriptTypes(text) }
      : { format: found.format ?? context.format ?? 'commonjs', source: text };
    return found;
  },
});
const program = pathToFileURL(process.argv[2] ?? '').href;
const server = pathToFileURL(join(import.meta.dirname, 'serve-program.ts')).href;
await import(server);
await import(program);
const start = readFileSync(join(import.meta.dirname, 'run-program.ts'), 'utf8');
const sources: ProgramSources = {
  start: stripTypeScriptTypes(start),
  program: { program, server, modules, resolved },
};
process.stdout.write(JSON.stringify(sources));
