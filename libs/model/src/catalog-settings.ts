import type { Catalog } from './catalog.ts';
import { READ_LEVELS, WRITE_LEVELS } from './levels.ts';

interface Setting {
  /** What holds while nobody has set it. */
  readonly fallback: string;
  /** For the one who is told that a value is none. */
  readonly wanted: string;
  isValid(value: string): boolean;
}

const ON_OFF = ['on', 'off'];

/** What holds for the whole cluster and is set while it runs. A closed list: a key that is not here is refused. */
const SETTINGS = {
  /** N of a policy that is created without one. */
  'default-replica-count': {
    fallback: '1',
    wanted: 'a whole number in 1..2147483647',
    isValid: (value) => /^[1-9]\d{0,9}$/.test(value) && Number(value) < 2 ** 31,
  },
  /** W of a policy that is created without one. */
  'default-write-level': choice('one', WRITE_LEVELS),
  /** R of a policy that is created without one. */
  'default-read-level': choice('one', READ_LEVELS),
  /** The label of a node that names its zone. */
  'zone-label': { fallback: 'zone', wanted: 'a name of 1 to 100 characters', isValid: (value) => /^\S{1,100}$/u.test(value) },
  /** Off: nothing is dropped for its age. */
  'retention-enforcement': choice('on', ON_OFF),
  /** Off: a group is made by the first write that needs it. */
  'shard-precreation': choice('on', ON_OFF),
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof SETTINGS;

/** Every key there is, in a fixed order. */
export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** The value that holds, set or not. */
export function settingOf({ settings }: Pick<Catalog, 'settings'>, key: SettingKey): string {
  return settings.get(key) ?? SETTINGS[key].fallback;
}

/** What a value should be; undefined when it is. */
export function settingProblem(key: SettingKey, value: string): string | undefined {
  const { isValid, wanted } = SETTINGS[key];
  return isValid(value) ? undefined : wanted;
}

function choice(fallback: string, values: readonly string[]): Setting {
  return { fallback, wanted: `one of ${values.join(', ')}`, isValid: (value) => values.includes(value) };
}
