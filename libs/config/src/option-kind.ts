import type { DurationMs, SizeBytes } from '@varve/base';

/** How values of one type are written in flags, environment and TOML, where numbers may also stand bare. */
export interface OptionKind<Value> {
  /** Stands for the value in `--help`. */
  readonly placeholder: string;
  /** Completes "… is not ". */
  readonly expects: string;
  /** undefined: the text is not such a value. */
  parse(text: string): Value | undefined;
  format(value: Value): string;
}

/** Where a server listens. An empty host is every interface, port 0 any free port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[ipv6]:port` or `:port`. */
export const ADDRESS: OptionKind<Address> = {
  placeholder: 'HOST:PORT',
  expects: 'an address such as 127.0.0.1:8086',
  parse(text) {
    const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]/]*)):(\d{1,5})$/.exec(text);
    if (match === null) return undefined;
    const port = Number(match[3]);
    return port > 65_535 ? undefined : { host: match[1] ?? match[2] ?? '', port };
  },
  format: ({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`),
};

/** A file or directory, as the operating system writes it. */
export const PATH: OptionKind<string> = {
  placeholder: 'PATH',
  expects: 'a path',
  parse: (text) => (text === '' || text.includes('\0') ? undefined : text),
  format: (path) => path,
};

/** The URL of another server; empty is none, written `off`. No password in it: endpoints are logged. */
export const ENDPOINT: OptionKind<string> = {
  placeholder: 'URL',
  expects: 'an http or https URL such as http://127.0.0.1:4318, or off',
  parse(text) {
    if (text === '' || text === 'off') return '';
    return URL.canParse(text) && /^https?:\/\/[^?#@]+$/.test(text) ? text : undefined;
  },
  format: (url) => (url === '' ? 'off' : url),
};

/** A part of a whole, as a decimal number. */
export const RATIO: OptionKind<number> = {
  placeholder: 'RATIO',
  expects: 'a ratio such as 0.25',
  parse: (text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined),
  format: String,
};

/** A whole number without a unit. */
export const COUNT: OptionKind<number> = {
  placeholder: 'COUNT',
  expects: 'a whole number',
  parse: (text) => (/^\d+$/.test(text) ? safe(Number(text)) : undefined),
  format: String,
};

/** Longest first, so that a value is written in the largest unit that divides it. */
const SIZE_UNITS: readonly (readonly [name: string, sizeBytes: SizeBytes])[] = [
  ['GiB', 2 ** 30],
  ['GB', 1e9],
  ['MiB', 2 ** 20],
  ['MB', 1e6],
  ['KiB', 2 ** 10],
  ['kB', 1e3],
];
/** InfluxDB's one-letter units are powers of two. */
const SIZE_ALIASES: Readonly<Record<string, SizeBytes>> = {
  ...Object.fromEntries(SIZE_UNITS.map(([name, sizeBytes]) => [name.toLowerCase(), sizeBytes])),
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
};

/** Bytes: `25000000`, `25MB`, `24MiB`, or InfluxDB's `24m`, which is 24 MiB. */
export const SIZE: OptionKind<SizeBytes> = {
  placeholder: 'SIZE',
  expects: 'a size such as 25MB, 24MiB or 25000000',
  parse(text) {
    const match = /^(\d+) ?([A-Za-z]{0,3})$/.exec(text);
    const unitBytes = match === null ? undefined : SIZE_ALIASES[match[2]!.toLowerCase()];
    return unitBytes === undefined ? undefined : safe(Number(match![1]) * unitBytes);
  },
  format(sizeBytes) {
    const unit = SIZE_UNITS.find(([, unitBytes]) => sizeBytes > 0 && sizeBytes % unitBytes === 0);
    return unit === undefined ? String(sizeBytes) : `${sizeBytes / unit[1]}${unit[0]}`;
  },
};

const DURATION_UNITS: readonly (readonly [name: string, durationMs: DurationMs])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
];

/** Lengths of time in whole milliseconds, as InfluxDB writes them: `10s`, `1h30m`, `30m0s`, `0`. */
export const DURATION: OptionKind<DurationMs> = {
  placeholder: 'DURATION',
  expects: 'a duration such as 500ms, 10s or 1h30m',
  parse(text) {
    if (text === '0') return 0;
    if (!/^(\d+(ms|[dhms]))+$/.test(text)) return undefined;
    let totalMs = 0;
    for (const [, count, unit] of text.matchAll(/(\d+)(ms|[dhms])/g)) {
      totalMs += Number(count) * DURATION_UNITS.find(([name]) => name === unit)![1];
    }
    return safe(totalMs);
  },
  format(durationMs) {
    if (durationMs === 0) return '0s';
    let restMs = durationMs;
    let text = '';
    for (const [name, unitMs] of DURATION_UNITS) {
      const count = Math.floor(restMs / unitMs);
      if (count > 0) text += `${count}${name}`;
      restMs -= count * unitMs;
    }
    return text;
  },
};

/** A name that is one token of a bus subject. */
export const TOKEN: OptionKind<string> = {
  placeholder: 'NAME',
  expects: 'a name of letters, digits, _ and - (at most 64)',
  parse: (text) => (/^[\w-]{1,64}$/.test(text) ? text : undefined),
  format: (name) => name,
};

/** What people call a node. */
export const NAME: OptionKind<string> = {
  placeholder: 'NAME',
  expects: 'a name of 1 to 100 printable characters',
  parse: (text) => (/^[^\p{C}]{1,100}$/u.test(text) ? text : undefined),
  format: (name) => name,
};

/** `host:port,host:port`. */
export const SERVERS: OptionKind<readonly string[]> = {
  placeholder: 'HOST:PORT,...',
  expects: 'one or several addresses such as 127.0.0.1:4222,127.0.0.1:4223',
  parse(text) {
    const servers = text.split(',').map((each) => each.trim());
    const isValid = servers.every((each) => {
      const address = ADDRESS.parse(each);
      return address !== undefined && address.host !== '' && address.port > 0;
    });
    return isValid ? servers : undefined;
  },
  format: (servers) => servers.join(','),
};

/** `1,2,3`: each once, ascending. */
export const NUMBERS: OptionKind<readonly number[]> = {
  placeholder: 'NUMBER,...',
  expects: 'different whole numbers from 1 on, such as 1,2,3',
  parse(text) {
    const numbers = text.split(',').map((each) => COUNT.parse(each.trim()));
    const isValid = numbers.every((each) => each !== undefined && each >= 1) && new Set(numbers).size === numbers.length;
    return isValid ? (numbers as number[]).toSorted((left, right) => left - right) : undefined;
  },
  format: (numbers) => numbers.join(','),
};

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): OptionKind<Word> {
  return {
    placeholder: words.join('|'),
    expects: `one of ${words.join(', ')}`,
    parse: (text) => words.find((word) => word === text.toLowerCase()),
    format: (word) => word,
  };
}

function safe(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}
