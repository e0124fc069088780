/** What a phone number is called where one is in hand. Sums and sizes have other names. */
export const numberNames: ReadonlySet<string> = new Set([
  'number',
  'phoneNumber',
  'e164',
  'msisdn',
]);

export const toldNumber =
  'A phone number goes into no error, log or refusal: say where it stands (a job, a line, a row) and how many there are.';

/** As much of a syntax tree as is looked at. */
export type TellingNode = {
  type: string;
  name?: string;
  parent?: TellingNode | null;
  callee?: TellingNode;
  object?: TellingNode;
  property?: TellingNode;
  key?: unknown;
  shorthand?: boolean;
  computed?: boolean;
};

/** Whether something of this name is told to somebody: it stands in the arguments of an error, a log line or a refusal. */
export function tellsNumber(node: TellingNode): boolean {
  if (!numberNames.has(node.name ?? '')) return false;
  const { parent } = node;
  // Only the name of a field: its value is looked at by itself.
  if (parent?.type === 'Property' && parent.key === node && parent.shorthand !== true) return false;
  // What is asked of a number, such as `number.length`, is not the number.
  if (parent?.type === 'MemberExpression' && parent.object === node) return false;
  for (let each = parent; each; each = each.parent) {
    if (each.type.endsWith('Statement') || each.type.includes('Function')) {
      return each.type === 'ThrowStatement';
    }
    if (each.type === 'NewExpression') return each.callee?.name?.endsWith('Error') === true;
    if (each.type === 'CallExpression' && each.callee && isTelling(each.callee)) return true;
  }
  return false;
}

function isTelling(callee: TellingNode): boolean {
  if (callee.type === 'Identifier')
    return callee.name === 'refuse' || callee.name === 'describeError';
  const holder = callee.object?.property?.name ?? callee.object?.name;
  return holder === 'log' || holder === 'console';
}
