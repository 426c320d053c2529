import { environmentNameOf, flagOf, type AnyOption } from './options.ts';
import { PROGRAMS, type Program } from './programs.ts';

const USAGE = `[--config FILE] [--OPTION VALUE]...

Each option is a flag, an environment variable and a key of the TOML file that --config or VARVE_CONFIG names:
  --http-bind-address VALUE = VARVE_HTTP_BIND_ADDRESS = bind-address in [http]
A flag wins over the environment, the environment over the file, the file over the default.
Sizes are bytes or have a unit: kB, MB, GB count in thousands, KiB, MiB, GiB (or k, m, g) in 1024s.
Durations have units: 500ms, 10s, 1h30m, 7d.

  --config FILE   read options from this TOML file
  --help          print this text and end
  --version       print the version and end
`;

/** All options of a program by section, with defaults, ranges and units. */
export function helpText(program: Program): string {
  const { introduction, rows } = PROGRAMS[program];
  const sections = Map.groupBy<string, AnyOption>(Object.values(rows), ({ section }) => section);
  const blocks = [...sections].map(([section, options]) => `[${section}]\n${options.map(entryOf).join('')}`);
  return [`${introduction}\n\nUsage: ${program} ${USAGE}`, ...blocks].join('\n');
}

function entryOf(option: AnyOption): string {
  const { kind, min, max } = option;
  const facts = [`default ${kind.format(option.default)}`];
  if (min !== undefined) facts.push(`at least ${kind.format(min)}`);
  if (max !== undefined) facts.push(`at most ${kind.format(max)}`);
  return `  ${flagOf(option)} ${kind.placeholder}\n      ${option.help}\n      ${facts.join(', ')}; ${environmentNameOf(option)}\n`;
}
