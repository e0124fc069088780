/**
 * Names that may only be looked into, as in `process.cwd()`: what has the object itself, under another name or as an
 * argument, reaches all of it, and the rules on single properties no longer see it.
 */
export const wholeObjects: Readonly<Record<string, string>> = {
  process:
    'Write process.<name>: whoever holds the whole process reaches the environment, which only packages/config reads.',
  Math: 'Write Math.<name>: whoever holds all of Math reaches its randomness, and in the domain `random` is an argument.',
};

/** As much of a syntax tree as is looked at. */
export type NamedNode = { type: string; name?: string; parent?: ParentNode | null };
type ParentNode = {
  type: string;
  object?: unknown;
  property?: { type: string };
  key?: unknown;
  computed?: boolean;
  shorthand?: boolean;
};

const namesMembers = new Set([
  'Property',
  'PropertyDefinition',
  'MethodDefinition',
  'TSPropertySignature',
  'TSMethodSignature',
]);

/** Whether this name stands for the object as a whole, not for one named property of it or for a property of its name. */
export function takesWhole(node: NamedNode): boolean {
  const { parent } = node;
  if (!parent || parent.type === 'TSTypeQuery') return false;
  if (parent.type === 'MemberExpression') {
    if (parent.object !== node) return parent.computed === true;
    return parent.computed === true && parent.property?.type !== 'Literal';
  }
  const isKey = namesMembers.has(parent.type) && parent.key === node && parent.computed !== true;
  return !isKey || parent.shorthand === true;
}
