import { relative, sep } from 'node:path';
import { fileRules } from './file-rules.ts';
import { importRules } from './import-rules.ts';
import { importTarget, sourceFile, type SourceFile } from './source-file.ts';
import { type TellingNode, tellsNumber, toldNumber } from './told-numbers.ts';
import { type NamedNode, takesWhole, wholeObjects } from './whole-objects.ts';

// The house's own rules inside oxlint, which parses each file once and shows them in editors. oxlint gives ESLint's
// interface to plugins; what we use of it is below.

type Specifier = { importKind?: 'type' | 'value'; exportKind?: 'type' | 'value' };
type Node = NamedNode & {
  source?: { type: string; value?: unknown } | null;
  importKind?: 'type' | 'value';
  exportKind?: 'type' | 'value';
  specifiers?: Specifier[];
};
type Context = {
  filename: string;
  cwd: string;
  options: unknown[];
  sourceCode: { text: string };
  report(problem: { node: Node; message: string }): void;
};
type Rule = {
  meta?: { schema: object[] | object };
  create(context: Context): Record<string, (node: Node) => void>;
};

const imports: Rule = {
  create(context) {
    const from = fileOf(context);
    const check = (node: Node): void => {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string') return;
      const to = importTarget(from, specifier);
      for (const rule of importRules) {
        if (!rule.forbids(from, to, isTypesOnly(node))) continue;
        context.report({ node, message: `${rule.name}: ${rule.reason}` });
      }
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

const files: Rule = {
  create(context) {
    const file = fileOf(context);
    const Program = (node: Node): void => {
      for (const rule of fileRules) {
        if (!rule.forbids(file, context.sourceCode.text)) continue;
        context.report({ node, message: `${rule.name}: ${rule.reason}` });
      }
    };
    return { Program };
  },
};

/** Its options are the names of `wholeObjects` that it holds. */
const objects: Rule = {
  meta: { schema: { type: 'array', items: { enum: Object.keys(wholeObjects) } } },
  create(context) {
    const Identifier = (node: Node): void => {
      const { name = '' } = node;
      const reason = wholeObjects[name];
      if (reason === undefined || !context.options.includes(name) || !takesWhole(node)) return;
      context.report({ node, message: reason });
    };
    return { Identifier };
  },
};

const numbers: Rule = {
  create(context) {
    const Identifier = (node: Node): void => {
      if (tellsNumber(node as TellingNode)) context.report({ node, message: toldNumber });
    };
    return { Identifier };
  },
};

export default { meta: { name: 'house' }, rules: { imports, files, objects, numbers } };

function fileOf({ cwd, filename }: Context): SourceFile {
  return sourceFile(relative(cwd, filename).split(sep).join('/'));
}

/** `import type …`, or every name marked `type`. A bare import runs the module and is none. */
function isTypesOnly(node: Node): boolean {
  if (node.importKind === 'type' || node.exportKind === 'type') return true;
  const names = node.specifiers ?? [];
  return names.length > 0 && names.every((name) => (name.importKind ?? name.exportKind) === 'type');
}
