import type { ContractName } from './accounts.ts';

/** What the simulator knows of one task type: sizes, the check behind it, and how its result file looks. */
export interface TaskTypeTraits {
  /** The check whose ground truth answers this task type, e.g. `telegram` for `tg`. */
  check: string;
  /** Fewest and most numbers of one upload, counted after duplicates and invalid lines are dropped. */
  minimum: number;
  maximum: number;
  /** Header of the number column and of the verdict column in an xlsx. */
  number_header: string;
  verdict_header: string;
  /** Whether the vendor says `ban` for this type; elsewhere a banned number reads as `no`. */
  says_ban: boolean;
  /** Columns that follow the verdict. */
  attributes: readonly string[];
}

const usual: Omit<TaskTypeTraits, 'check' | 'verdict_header'> = {
  minimum: 1,
  maximum: 10_000_000,
  number_header: 'Number',
  says_ban: false,
  attributes: [],
};

/**
 * The task types of `tasks-v1` and `simple-tasks` that differ from the usual. Minimums are the vendors' public figures;
 * they change without notice, hence every figure can be overridden per account. Headers and attribute columns are those
 * seen in the wild (`Phone`, `Mobile Number`, `activetime`, …).
 */
const taskTypes: Record<string, Partial<TaskTypeTraits>> = {
  tg: { check: 'telegram', verdict_header: 'telegram' },
  coinW: { check: 'coinw', verdict_header: 'coinw' },
  Twitter: { check: 'twitter', verdict_header: 'twitter' },
  facebook: { check: 'facebook', minimum: 100, says_ban: true },
  amazon: { minimum: 100 },
  ws: { check: 'whatsapp', verdict_header: 'whatsapp', minimum: 500 },
  ws_avatar: {
    check: 'whatsapp',
    verdict_header: 'whatsapp',
    minimum: 500,
    attributes: ['business', 'age', 'gender', 'avatar'],
  },
  ws_active: {
    check: 'whatsapp',
    verdict_header: 'whatsapp',
    minimum: 1_000,
    attributes: ['activetime', 'activedays'],
  },
  viber: { check: 'viber', attributes: ['activetime'] },
  vk: { minimum: 1_000, number_header: 'Phone' },
  max: { minimum: 1_000, number_header: 'Phone' },
  Binance: { number_header: 'Mobile Number' },
};

/** Webcom's three types; the spelling is the vendor's own. */
const webcomTypes: Record<string, Partial<TaskTypeTraits>> = {
  WA_cheking: { check: 'whatsapp' },
  Viber_cheking: { check: 'viber' },
  Telegram_cheking: { check: 'telegram' },
};

/** The name of a task type as the vendors write them; anything else (quotes, say, sent by mistake) is refused. */
const taskTypeName = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/**
 * The traits of a task type under a contract, with an account's overrides on top; `undefined` when the vendor would not
 * know it. `tasks-v1` knows over 80 types, so there any well-formed name is taken, its check being the name in lower case.
 */
export function traitsOf(
  contract: ContractName,
  taskType: string,
  overrides: Record<string, Partial<TaskTypeTraits>>,
): TaskTypeTraits | undefined {
  const known = contract === 'webcom' ? webcomTypes : taskTypes;
  const traits = Object.hasOwn(known, taskType) ? known[taskType] : undefined;
  if (!traits && (contract === 'webcom' || !taskTypeName.test(taskType))) return undefined;
  const name = taskType.toLowerCase();
  const overridden = Object.hasOwn(overrides, taskType) ? overrides[taskType] : undefined;
  return { ...usual, check: name, verdict_header: name, ...traits, ...overridden };
}
