import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accountsJsonSchema } from './accounts-schema.ts';

// Run after a change of accounts-schema.ts; a test holds the file to it.
const path = join(import.meta.dirname, 'accounts.schema.json');
writeFileSync(path, `${JSON.stringify(accountsJsonSchema(), null, 2)}\n`);
