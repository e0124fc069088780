import { makeXlsx } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, type Json, openGround } from '../testing/ground.ts';

// The numbers are personal data (GDPR Art. 5(1)(b)): whoever has them checked says why, and for whom, by whichever way they come in.

let ground: Ground;
let authorization: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['jobs:write']);
});
afterAll(() => ground.close());

type Fields = Readonly<Record<string, string>>;
const number = '+447911123456';
const said = { check: 'telegram', purpose: 'a test', requested_by: 'ana' };

type Sent = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

function asForm(fields: Fields, file: Uint8Array<ArrayBuffer>, name: string): Sent {
  const body = new FormData();
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  body.append('file', new Blob([file]), name);
  return { body };
}
const query = (fields: Fields): string => new URLSearchParams(fields).toString();

const ways: Readonly<Record<string, (fields: Fields) => Promise<[string, Sent]>>> = {
  JSON: async (fields) => [
    '',
    {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...fields, numbers: [number] }),
    },
  ],
  'a form with text': async (fields) => ['', asForm(fields, Buffer.from(number), 'a.txt')],
  'a form with a workbook': async (fields) => [
    '',
    asForm(fields, Buffer.from(await makeXlsx([['phone'], [447_911_123_456]])), 'a.xlsx'),
  ],
  'a raw file': async (fields) => [
    `?${query(fields)}`,
    { headers: { 'content-type': 'text/plain' }, body: number },
  ],
  'a raw workbook': async (fields) => [
    `?${query(fields)}`,
    {
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(await makeXlsx([['phone'], [447_911_123_456]])),
    },
  ],
};

async function send(way: string, fields: Fields): Promise<[number, Json]> {
  const [path, request] = (await ways[way]?.(fields)) ?? ['', {}];
  const response = await fetch(`${ground.url}/v1/jobs${path}`, {
    ...request,
    method: 'POST',
    headers: { ...request.headers, authorization },
  });
  return [response.status, await response.json()];
}

test.each(Object.keys(ways))(
  '%s without a purpose, or without who asked, is refused',
  async (way) => {
    for (const field of ['purpose', 'requested_by'] as const) {
      const { [field]: _, ...others } = said;
      for (const fields of [others, { ...others, [field]: '   ' }]) {
        const [status, problem] = await send(way, fields);
        expect([status, problem.code]).toEqual([422, 'invalid_request']);
        expect(problem.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
          `/${field}`,
        ]);
      }
    }
    expect((await send(way, said))[0]).toBe(202);
  },
);
