import type { FieldType } from '@varve/model';
import type { CastType, Variable } from '../influxql/ast.ts';
import type { ColumnOrigin, PlanColumn } from './shard-plan.ts';
import type { SourceMeasurement } from './select-schema.ts';

/** The columns that a plan reads, each once, in order of first use. */
export class PlanColumns {
  readonly #fields: ReadonlyMap<string, FieldType>;
  readonly #columns: (PlanColumn & { readonly cast: CastType | undefined; readonly isTag: boolean })[] = [];

  /** `fields` are those of all measurements together. */
  constructor(fields: ReadonlyMap<string, FieldType>) {
    this.#fields = fields;
  }

  get all(): readonly PlanColumn[] {
    return this.#columns.map(({ name, type }) => ({ name, type }));
  }

  /** The type of a name; undefined for a field that no measurement has. A name that is no field is a tag. */
  typeOf({ name, type }: Variable): FieldType | 'tag' | undefined {
    if (type === 'tag') return 'tag';
    const known = this.#fields.get(name);
    if (type === undefined) return known ?? 'tag';
    if (type === 'field') return known;
    return type === 'unsigned' ? 'integer' : type;
  }

  /** The index of the column. */
  indexOf(variable: Variable): number {
    const { name, type: cast } = variable;
    const index = this.#columns.findIndex((column) => column.name === name && column.cast === cast);
    if (index >= 0) return index;
    const type = this.typeOf(variable);
    return this.#columns.push({ name, cast, isTag: type === 'tag', type: type === 'tag' || type === undefined ? 'string' : type }) - 1;
  }

  /** Where each column comes from in one measurement. */
  originsIn({ fields }: SourceMeasurement): readonly ColumnOrigin[] {
    return this.#columns.map(({ name, isTag }) => ({ kind: isTag ? 'tag' : fields.has(name) ? 'field' : 'none', name }));
  }
}
