import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { accountsJsonSchema } from './accounts-schema.ts';

const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');

test('the published JSON Schema is the one that the file is read by', () => {
  expect(JSON.parse(read('accounts.schema.json'))).toEqual(
    JSON.parse(JSON.stringify(accountsJsonSchema())),
  );
});

test('the shipped file tells editors of it', () => {
  expect(read('accounts.yaml').split('\n')[0]).toBe(
    '# yaml-language-server: $schema=./accounts.schema.json',
  );
});
