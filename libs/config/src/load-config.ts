import { parse as parseToml, TomlError } from 'smol-toml';
import { helpText } from './help-text.ts';
import { nearest } from './nearest.ts';
import { misfitOf, type ClusterConfig } from './cluster-options.ts';
import { environmentNameOf, flagOf, type AnyOption, type VarveConfig } from './options.ts';
import { PROGRAMS, type ClusterProgram, type Program } from './programs.ts';

/** Where option values come from. All text: nothing is read here. */
export interface ConfigSources {
  /** Arguments after the program's own name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Content of the file that {@link configPathOf} names, undefined when it names none. */
  readonly tomlText: string | undefined;
}

/** What the program is to do. An error's message is one sentence for people, with the name of the source. */
export type LoadedConfig<Config> =
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'error'; readonly message: string };

const CONFIG_FLAG = '--config';
const CONFIG_ENVIRONMENT_NAME = 'VARVE_CONFIG';
type Rows = readonly (readonly [name: string, option: AnyOption])[];

/** A value as it was written, with the words that say where. */
interface Given {
  readonly source: string;
  readonly text: string;
}
type GivenByName = ReadonlyMap<string, Given>;

/** Refusals of this file; they leave it as a message only. */
class Refusal extends Error {}

/** The configuration of the database in one process: flag, then environment, then TOML, then default. */
export function loadConfig(sources: ConfigSources): LoadedConfig<VarveConfig> {
  return load<VarveConfig>(sources, 'varve');
}

/** The configuration of a process of a cluster, by the same rules. */
export function loadClusterConfig(sources: ConfigSources, program: ClusterProgram): LoadedConfig<ClusterConfig> {
  const loaded = load<ClusterConfig>(sources, program);
  const misfit = loaded.kind === 'config' ? misfitOf(loaded.config) : undefined;
  return misfit === undefined ? loaded : { kind: 'error', message: misfit };
}

function load<Config>({ argv, env, tomlText }: ConfigSources, program: Program): LoadedConfig<Config> {
  if (argv.includes('--help') || argv.includes('-h')) return { kind: 'help', text: helpText(program) };
  if (argv.includes('--version')) return { kind: 'version' };
  const rows = Object.entries(PROGRAMS[program].rows);
  try {
    const given = new Map([...fromToml(tomlText ?? '', rows), ...fromEnvironment(env, rows), ...fromArguments(argv, rows)]);
    const values = rows.map(([name, option]) => [name, valueOf(option, given.get(name))]);
    return { kind: 'config', config: Object.fromEntries(values) as Config };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: 'error', message: error.message };
  }
}

/** The TOML file to read, before anything else is looked at; undefined when none is named. */
export function configPathOf({ argv, env }: Pick<ConfigSources, 'argv' | 'env'>): string | undefined {
  const index = argv.findLastIndex((argument) => argument === CONFIG_FLAG || argument.startsWith(`${CONFIG_FLAG}=`));
  if (index === -1) return env[CONFIG_ENVIRONMENT_NAME];
  return argv[index] === CONFIG_FLAG ? argv[index + 1] : argv[index]!.slice(CONFIG_FLAG.length + 1);
}

/** `--name value` or `--name=value`; the last of several wins. */
function fromArguments(argv: readonly string[], rows: Rows): GivenByName {
  const nameByFlag = new Map(rows.map(([name, option]) => [flagOf(option), name]));
  const given = new Map<string, Given>();
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]!;
    if (!argument.startsWith('--')) throw new Refusal(`"${argument}" is not an option: options begin with --`);
    const equalsIndex = argument.indexOf('=');
    const flag = equalsIndex === -1 ? argument : argument.slice(0, equalsIndex);
    const name = nameByFlag.get(flag);
    if (name === undefined && flag !== CONFIG_FLAG) throw unknown('option', flag, [...nameByFlag.keys(), CONFIG_FLAG, '--help', '--version']);
    if (equalsIndex === -1) index += 1;
    const text = equalsIndex === -1 ? argv[index] : argument.slice(equalsIndex + 1);
    if (text === undefined) throw new Refusal(`${flag} needs a value`);
    if (name !== undefined) given.set(name, { source: flag, text });
  }
  return given;
}

function fromEnvironment(env: ConfigSources['env'], rows: Rows): GivenByName {
  const nameByVariable = new Map(rows.map(([name, option]) => [environmentNameOf(option), name]));
  const given = new Map<string, Given>();
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith('VARVE_') || variable === CONFIG_ENVIRONMENT_NAME || text === undefined) continue;
    const name = nameByVariable.get(variable);
    if (name === undefined) throw unknown('environment variable', variable, [...nameByVariable.keys(), CONFIG_ENVIRONMENT_NAME]);
    given.set(name, { source: variable, text });
  }
  return given;
}

function fromToml(text: string, rows: Rows): GivenByName {
  const given = new Map<string, Given>();
  for (const [section, table] of Object.entries(tomlSections(text))) {
    const sectionRows = rows.filter(([, option]) => option.section === section);
    if (sectionRows.length === 0) throw unknown('TOML section', `[${section}]`, rows.map(([, option]) => `[${option.section}]`));
    if (!isTable(table)) throw new Refusal(`${section} in the TOML file is a section, written [${section}]`);
    const nameByKey = new Map(sectionRows.map(([name, option]) => [option.key, name]));
    for (const [key, value] of Object.entries(table)) {
      const source = `${key} in [${section}]`;
      const name = nameByKey.get(key);
      if (name === undefined) throw unknown('TOML key', source, [...nameByKey.keys()].map((known) => `${known} in [${section}]`));
      if (typeof value === 'object') throw new Refusal(`${source} is neither a text nor a number`);
      given.set(name, { source, text: String(value) });
    }
  }
  return given;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tomlSections(text: string): Readonly<Record<string, unknown>> {
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '');
    throw new Refusal(`the TOML file is not valid at line ${error.line}, column ${error.column}: ${reason}`);
  }
}

function valueOf({ kind, min, max, ...option }: AnyOption, given: Given | undefined): AnyOption['default'] {
  if (given === undefined) return option.default;
  const { source, text } = given;
  const value = kind.parse(text);
  if (value === undefined) throw new Refusal(`${source}: "${text}" is not ${kind.expects}`);
  if (min !== undefined && Number(value) < min) throw new Refusal(`${source}: ${text} is below ${kind.format(min)}`);
  if (max !== undefined && Number(value) > max) throw new Refusal(`${source}: ${text} is above ${kind.format(max)}`);
  return value;
}

function unknown(what: string, name: string, candidates: readonly string[]): Refusal {
  return new Refusal(`unknown ${what} ${name}; the nearest is ${nearest(name, candidates)}`);
}
