import { z } from 'zod';

/** The name of a check, as the accounts file writes it. */
export const checkNameSchema = z
  .string('write the name of a check')
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'write the name of a check in lower case')
  .meta({ description: 'What is asked of every number.', examples: ['telegram'] });

/** The id of an account, as the accounts file writes it. */
export const accountIdSchema = z
  .string('write the id of an account')
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'write the id of an account in lower case')
  .meta({ description: 'Credentials at one provider.', examples: ['checknumber'] });
