import type { Call, Expr } from './ast.ts';
import { formatDuration } from './duration.ts';
import { goTypeName } from './go-type-name.ts';
import { MATH_FUNCTIONS } from './math-functions.ts';

/** What a function may be called with. */
interface FunctionRule {
  /**
   * `selector`: gives points as they are, so that other fields may stand beside it. `aggregate`: computes from a field.
   * `transformation`: computes from a field, or from an aggregate per window. `forecast`: from an aggregate per window.
   * `sketchCount`: reads a sketch, from a field or any call.
   */
  readonly kind: 'selector' | 'aggregate' | 'sketchCount' | 'transformation' | 'forecast' | 'math' | 'distinct' | 'topBottom';
  /** Why the arguments are wrong, the first apart. */
  problemOf(call: Call): string | undefined;
}

/** The functions of InfluxQL by name. */
export const FUNCTION_RULES: ReadonlyMap<string, FunctionRule> = new Map([
  ...rules('selector', ['max', 'min', 'first', 'last'], exactly(1)),
  ...rules('selector', ['percentile'], exactly(2, percentileProblem)),
  ...rules('selector', ['sample'], exactly(2, sampleProblem)),
  ...rules('aggregate', ['count', 'sum', 'mean', 'median', 'mode', 'stddev', 'spread', 'sum_hll', 'merge_hll'], exactly(1)),
  ...rules('sketchCount', ['count_hll'], exactly(1)),
  ...rules('aggregate', ['integral'], between(1, 2, unitProblem('second argument must be a duration'))),
  ...rules('transformation', ['derivative', 'non_negative_derivative', 'elapsed'], between(1, 2, unitProblem())),
  ...rules('transformation', ['difference', 'non_negative_difference', 'cumulative_sum'], exactly(1)),
  ...rules('transformation', ['moving_average'], exactly(2, movingAverageProblem)),
  ...rules('transformation', ['exponential_moving_average', 'double_exponential_moving_average'], between(2, 4, indicatorProblem)),
  ...rules('transformation', ['triple_exponential_moving_average', 'triple_exponential_derivative'], between(2, 4, indicatorProblem)),
  ...rules('transformation', ['relative_strength_index', 'chande_momentum_oscillator'], between(2, 4, indicatorProblem)),
  ...rules('transformation', ['kaufmans_efficiency_ratio', 'kaufmans_adaptive_moving_average'], between(2, 3, indicatorProblem)),
  ...rules('forecast', ['holt_winters', 'holt_winters_with_fit'], exactly(3, holtWintersProblem)),
  ...rules('distinct', ['distinct'], () => undefined),
  ...rules('topBottom', ['top', 'bottom'], () => undefined),
  ...[...MATH_FUNCTIONS].flatMap(([name, { argumentCount }]) => rules('math', [name], exactly(argumentCount))),
]);

type Check = FunctionRule['problemOf'];

function rules(kind: FunctionRule['kind'], names: readonly string[], problemOf: Check): [string, FunctionRule][] {
  return names.map((name) => [name, { kind, problemOf }]);
}

function exactly(count: number, then?: Check): Check {
  return (call) => {
    const { name, args } = call;
    return args.length === count ? then?.(call) : `invalid number of arguments for ${name}, expected ${count}, got ${args.length}`;
  };
}

function between(min: number, max: number, then: Check): Check {
  return (call) => {
    const { name, args } = call;
    if (args.length >= min && args.length <= max) return then(call);
    return `invalid number of arguments for ${name}, expected at least ${min} but no more than ${max}, got ${args.length}`;
  };
}

function percentileProblem({ args }: Call): string | undefined {
  const { kind } = args[1]!;
  return kind === 'integer' || kind === 'number' ? undefined : 'expected float argument in percentile()';
}

function sampleProblem({ args }: Call): string | undefined {
  const size = integerIn(args[1]);
  if (size === undefined) return 'expected integer argument in sample()';
  return size > 0n ? undefined : `sample window must be greater than 1, got ${size}`;
}

/** The unit of time, if given. */
function unitProblem(otherwise?: string): Check {
  return ({ name, args: [, unit] }) => {
    if (unit === undefined) return undefined;
    if (unit.kind !== 'duration') return otherwise ?? `second argument to ${name} must be a duration, got ${goTypeName(unit)}`;
    return unit.ns > 0n ? undefined : `duration argument must be positive, got ${formatDuration(unit.ns)}`;
  };
}

function movingAverageProblem({ args }: Call): string | undefined {
  const size = integerIn(args[1]);
  if (size === undefined) return `second argument for moving_average must be an integer, got ${goTypeName(args[1]!)}`;
  return size > 1n ? undefined : `moving_average window must be greater than 1, got ${size}`;
}

/** `(field, period [, hold period [, warmup type]])` */
function indicatorProblem({ name, args: [, period, holdPeriod, warmupType] }: Call): string | undefined {
  const periodCount = integerIn(period);
  if (periodCount === undefined) return `${name} period must be an integer`;
  if (periodCount < 1n) return `${name} period must be greater than or equal to 1`;
  return holdPeriodProblem(name, holdPeriod) ?? warmupTypeProblem(name, warmupType);
}

/** −1 stands for the default. */
function holdPeriodProblem(name: string, holdPeriod: Expr | undefined): string | undefined {
  if (holdPeriod === undefined) return undefined;
  const count = integerIn(holdPeriod);
  if (count === undefined) return `${name} hold period must be an integer`;
  const least = name === 'triple_exponential_derivative' ? 1n : 0n;
  return count >= least || count === -1n ? undefined : `${name} hold period must be greater than or equal to ${least}`;
}

function warmupTypeProblem(name: string, warmupType: Expr | undefined): string | undefined {
  if (warmupType === undefined) return undefined;
  if (warmupType.kind !== 'string') return `${name} warmup type must be a string`;
  const known = name === 'chande_momentum_oscillator' ? ['none', 'exponential', 'simple'] : ['exponential', 'simple'];
  if (known.includes(warmupType.value)) return undefined;
  return `${name} warmup type must be one of: ${known.map((each) => `'${each}'`).join(' ')}`;
}

function holtWintersProblem({ name, args }: Call): string | undefined {
  const pointCount = integerIn(args[1]);
  if (pointCount === undefined) return `expected integer argument as second arg in ${name}`;
  if (pointCount <= 0n) return `second arg to ${name} must be greater than 0, got ${pointCount}`;
  const season = integerIn(args[2]);
  if (season === undefined) return `expected integer argument as third arg in ${name}`;
  return season >= 0n ? undefined : `third arg to ${name} cannot be negative, got ${season}`;
}

function integerIn(expression: Expr | undefined): bigint | undefined {
  return expression?.kind === 'integer' ? expression.value : undefined;
}
