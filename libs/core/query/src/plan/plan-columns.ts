import type { FieldType } from '@varve/model';
import type { Variable } from '../influxql/ast.ts';
import type { ColumnOrigin, PlanColumn } from './shard-plan.ts';
import type { SourceMeasurement } from './select-schema.ts';

/** The columns that a plan reads, each once, in order of first use. */
export class PlanColumns {
  readonly #fields: ReadonlyMap<string, FieldType>;
  readonly #rowTags: ReadonlySet<string>;
  readonly #knownTags: () => ReadonlySet<string>;
  readonly #columns: PlanColumn[] = [];
  /** Whether each column is a tag. */
  readonly #areTags: boolean[] = [];
  readonly #indexes = new Map<string, number>();

  /**
   * `fields` are those of all sources together, `rowTags` names that are tags in the rows of subqueries: to functions they are texts.
   * `knownTags` tells which names series really have as tags; it is asked only where a name is no field.
   */
  constructor(fields: ReadonlyMap<string, FieldType>, rowTags: ReadonlySet<string> = new Set(), knownTags: () => ReadonlySet<string> = () => new Set()) {
    this.#fields = fields;
    this.#rowTags = rowTags;
    this.#knownTags = knownTags;
  }

  get all(): readonly PlanColumn[] {
    return this.#columns;
  }

  /** The type of the column with this index. */
  typeAt(index: number): FieldType {
    return this.#columns[index]!.type;
  }

  /** The type of a name; undefined for a field that no measurement has. A name that is no field is a tag. */
  typeOf({ name, type }: Variable): FieldType | 'tag' | undefined {
    if (type === 'tag') return 'tag';
    const known = this.#fields.get(name) ?? (this.#rowTags.has(name) ? 'string' : undefined);
    if (type === undefined) return known ?? 'tag';
    if (type === 'field') return known;
    return type === 'unsigned' ? 'integer' : type;
  }

  /** The index of the column. */
  indexOf(variable: Variable): number {
    const { name, type: cast } = variable;
    const key = `${cast ?? ''}:${name}`;
    const index = this.#indexes.get(key);
    if (index !== undefined) return index;
    this.#indexes.set(key, this.#columns.length);
    const type = this.typeOf(variable);
    this.#areTags.push(this.isTag(variable));
    return this.#columns.push({ name, type: type === 'tag' || type === undefined ? 'string' : type }) - 1;
  }

  /** Whether a variable stands for a tag, whatever functions take it for. */
  isTag(variable: Variable): boolean {
    return this.typeOf(variable) === 'tag' || this.isRowTag(variable);
  }

  /** Whether it is said to be a tag, or one of that name is there: a name that nobody has is none, though `isTag` takes it for one. */
  isKnownTag(variable: Variable): boolean {
    if (variable.type !== undefined) return variable.type === 'tag';
    return this.isTag(variable) && this.#knownTags().has(variable.name);
  }

  /** Whether it is a tag of a subquery's rows. */
  isRowTag({ name }: Variable): boolean {
    return this.#rowTags.has(name) && !this.#fields.has(name);
  }

  /** Where each column comes from in one measurement. */
  originsIn({ fields }: SourceMeasurement): readonly ColumnOrigin[] {
    return this.#columns.map(({ name }, index) => ({ kind: this.#areTags[index] ? 'tag' : fields.has(name) ? 'field' : 'none', name }));
  }

  /** Where each column comes from in the rows of a subquery: tags stand there as columns too. */
  originsInRows(names: ReadonlySet<string>): readonly ColumnOrigin[] {
    return this.#columns.map(({ name }) => ({ kind: names.has(name) ? 'field' : 'none', name }));
  }
}
