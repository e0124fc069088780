import { z } from 'zod';

/**
 * The `ids` of a get-status form. The page says `integer[]` in multipart, its Python sample sends a JSON array as one
 * urlencoded text (`ids=%5B5980%5D`), and PHP clients repeat `ids[]`; all are read. `undefined` is a 400.
 */
export function idsOf(fields: ReadonlyMap<string, string[]>): number[] | undefined {
  const repeated = fields.get('ids[]');
  if (repeated) return integers(repeated.map(numberOf));
  const texts = fields.get('ids');
  if (!texts) return undefined;
  const [only] = texts;
  if (texts.length === 1 && only?.trim().startsWith('[')) {
    try {
      return integers(JSON.parse(only));
    } catch {
      return undefined;
    }
  }
  return integers(texts.map(numberOf));
}

function numberOf(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

const integerList = z.array(z.int()).min(1);

function integers(values: unknown): number[] | undefined {
  return integerList.safeParse(values).data;
}
