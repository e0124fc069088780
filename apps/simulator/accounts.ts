import { z } from 'zod';
import { resultLayouts } from './results/layouts.ts';

/** The three wire contracts. */
export const contractNames = ['tasks-v1', 'simple-tasks', 'webcom'] as const;
export type ContractName = (typeof contractNames)[number];

const taskTypeOverride = z
  .strictObject({
    check: z.string().min(1),
    minimum: z.int().min(1),
    maximum: z.int().min(1),
    number_header: z.string().min(1),
    verdict_header: z.string().min(1),
    says_ban: z.boolean(),
    attributes: z.array(z.string().min(1)),
  })
  .partial();

const wholeMicros = z
  .number()
  .nonnegative()
  .refine(
    (amount) => Math.abs(amount * 1e6 - Math.round(amount * 1e6)) < 1e-3,
    'at most 6 decimals',
  );

const common = {
  name: z.string().min(1),
  /** The key a client sends: `X-API-Key`, or the bearer token of webcom. */
  key: z.string().min(1),
  /** Money at the start, in currency units. */
  balance: wholeMicros.default(1_000_000),
  currency: z.string().length(3).default('USD'),
  price_per_number: wholeMicros,
  /** Sizes and file looks that differ from `task-types.ts`, by task type. */
  task_types: z.record(z.string(), taskTypeOverride).default({}),
};

const tasksV1 = z.strictObject({
  ...common,
  contract: z.literal('tasks-v1'),
  user_id: z.string().default('sim-user'),
  create_status: z.union([z.literal(200), z.literal(202)]).default(200),
  /** Which of the two documented creation bodies: `old` (total 0), `message`, or as the seed page of the type shows. */
  create_body: z.enum(['old', 'message', 'by_task_type']).default('by_task_type'),
  /** `estimated_amount` at creation and `actual_amount` in the status. */
  reports_amounts: z.boolean().default(false),
  balance_body: z.enum(['plain', 'detailed']).default('detailed'),
  /** The layouts that the result files of successive tasks cycle through. */
  result_layouts: z
    .array(z.enum(resultLayouts))
    .min(1)
    .default(['zip_full', 'xlsx', 'zip_xlsx', 'zip_registered', 'zip_csv']),
});

const simpleTasks = z.strictObject({
  ...common,
  contract: z.literal('simple-tasks'),
  user_id: z.string().default('test'),
  /** The parameter table names `user_id`, the sample omits it. */
  requires_user_id: z.boolean().default(false),
  create_status: z.union([z.literal(200), z.literal(202)]).default(200),
  result_layouts: z.array(z.enum(resultLayouts)).min(1).default(['xlsx', 'zip_xlsx']),
});

const webcom = z.strictObject({
  ...common,
  contract: z.literal('webcom'),
  /** What the undocumented text file holds. */
  result_semantics: z.enum(['positives_only', 'negatives_only', 'table']).default('positives_only'),
  /** Whether `data` of get-status is an array or an object keyed by id (`data.*` on the page may mean either). */
  status_data: z.enum(['array', 'object']).default('array'),
  /** `sample` looks like the page's hash; `needs_encoding` has characters that a URL path must escape. */
  hash_style: z.enum(['sample', 'needs_encoding']).default('sample'),
  /** The id of the account's first task; the default is the id in the seed page's sample. */
  first_task_id: z.int().positive().default(5980),
});

/** One set of credentials at one simulated vendor. */
export const accountSchema = z.discriminatedUnion('contract', [tasksV1, simpleTasks, webcom]);
export type Account = z.infer<typeof accountSchema>;
export type AccountInput = z.input<typeof accountSchema>;
export type AccountOf<Contract extends ContractName> = Extract<Account, { contract: Contract }>;

/** The documented default accounts. */
export const defaultAccounts: readonly AccountInput[] = [
  { name: 'ekycpro', contract: 'tasks-v1', key: 'sim-ekycpro', price_per_number: 0.0005 },
  {
    name: 'checknumber',
    contract: 'tasks-v1',
    key: 'sim-checknumber',
    price_per_number: 0.0006,
    user_id: 'wfi7wGPS4B4PdtTMox5Y',
    create_status: 202,
    reports_amounts: true,
    balance_body: 'plain',
  },
  { name: 'facebook', contract: 'simple-tasks', key: 'sim-facebook', price_per_number: 0.001 },
  { name: 'webcom', contract: 'webcom', key: 'sim-webcom', price_per_number: 0.0008 },
];
