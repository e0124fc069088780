import { posix } from 'node:path';

/** A source file by its place in the house: `apps/worker/stages/plan.ts` is `stages/plan.ts` in the room `apps/worker`. */
export type SourceFile = {
  /** Relative to the repository's root, with `/`. */
  path: string;
  /** `apps/<name>` or `packages/<name>`; '' for what lies outside both. */
  room: string;
  /** Path inside the room. */
  inside: string;
  /** Tests, their fixtures, and what tests share (`test-*.ts`, conformance.ts): what production never loads. */
  isTest: boolean;
};

/** What an import leads to. Relative imports are resolved, so that the way they are written does not matter. */
export type ImportTarget =
  | { kind: 'relative'; file: SourceFile }
  | { kind: 'workspace'; name: string; subpath: string }
  | { kind: 'node'; name: string }
  | { kind: 'npm'; name: string };

export function sourceFile(path: string): SourceFile {
  const [, room = ''] = /^((?:apps|packages)\/[^/]+)\//.exec(path) ?? [];
  const inside = room ? path.slice(room.length + 1) : path;
  const isTest = /\.test\.ts$|(^|\/)(fixtures|testing)\/|(^|\/)(conformance|test-[^/]+)\.ts$/.test(
    inside,
  );
  return { path, room, inside, isTest: isTest || room === 'packages/testing' };
}

/** Reads a module specifier as it stands in `from`. */
export function importTarget(from: SourceFile, specifier: string): ImportTarget {
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(from.path), specifier);
    return { kind: 'relative', file: sourceFile(path) };
  }
  if (specifier.startsWith('node:')) return { kind: 'node', name: specifier };
  const [, workspace, rest = ''] = /^@rollcall\/([^/]+)(?:\/(.*))?$/.exec(specifier) ?? [];
  if (workspace !== undefined) return { kind: 'workspace', name: workspace, subpath: rest };
  const [, name = specifier] = /^((?:@[^/]+\/)?[^/]+)/.exec(specifier) ?? [];
  return { kind: 'npm', name };
}
