import type { JsonObject } from './json-answer.ts';

/** Names under which a provider tells of a task: `id`, `task`, `tasks`, `task_id`, `taskIds`, and the envelope `data`. */
const taskName = /^(?:data|id|tasks?|task[_-]?ids?)$/i;
/** An rs/xid, as the vendors of `tasks-v1` and `simple-tasks` make their ids, wherever it stands in a text. */
const xid = /(?<![0-9a-z])[0-9a-v]{20}(?![0-9a-z])/i;

/**
 * Whether an answer names a task, or may: then one exists, perhaps paid for, and the answer is never free (design §6),
 * whatever its code and its words. It would rather see a task too many: that holds a chunk for a person, and the other
 * mistake pays twice. It walks without recursion, because an answer may be nested deeper than the stack.
 */
export function namesTask(body: JsonObject): boolean {
  const open: unknown[] = [body];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string' && xid.test(value)) return true;
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, inner] of Object.entries(value)) {
      if ((taskName.test(name) && inner !== null) || xid.test(name)) return true;
      open.push(inner);
    }
  }
  return false;
}

/** The same of what came of a body that was cut: the word "task", a name of an id, or an id, which may be cut itself. */
export function cutBodyNamesTask(text: string): boolean {
  return /task|"(?:id|data)"/i.test(text) || xid.test(text) || endsInId(text);
}

/** Whether the last letters and digits could begin an id. Looked at from the end: not each digit's way there. */
function endsInId(text: string): boolean {
  for (let at = text.length - 1; /[0-9a-v]/i.test(text.charAt(at)); at -= 1)
    if (/\d/.test(text.charAt(at))) return true;
  return false;
}
