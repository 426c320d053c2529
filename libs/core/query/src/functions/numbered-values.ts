import { DbError } from '@varve/base';
import type { FieldType, FieldValue } from '@varve/model';

/** Numbers in the place of the values of a field, one for each, so that they can be held as numbers. */
export class NumberedValues {
  readonly #type: FieldType;
  /** Values that are no numbers: texts, and integers beyond float64. */
  readonly #places = new Map<FieldValue, number>();
  #values: FieldValue[] = [];

  constructor(type: FieldType) {
    this.#type = type;
  }

  /** @throws DbError MESSAGE_INVALID: it is no value of the type */
  numberOf(value: FieldValue): number {
    if (this.#type === 'float' && typeof value === 'number') return value;
    if (this.#type === 'integer' && typeof value === 'number') return Math.trunc(value);
    if (this.#type === 'integer' && typeof value === 'bigint') return this.#placeOf(value) + 0.5; // Between integers.
    if (this.#type === 'boolean' && typeof value === 'boolean') return value ? 1 : 0;
    if (this.#type === 'string' && typeof value === 'string') return this.#placeOf(value);
    throw new DbError('MESSAGE_INVALID', `a ${typeof value} among values of type ${this.#type} in a partial result`);
  }

  valueOf(number: number): FieldValue {
    if (this.#type === 'boolean') return number === 1;
    if (this.#type === 'string') return this.#values[number]!;
    return this.#type === 'float' || Number.isInteger(number) ? number : this.#values[number - 0.5]!;
  }

  /** Lets all of them go. */
  clear(): void {
    this.#places.clear();
    this.#values = [];
  }

  #placeOf(value: FieldValue): number {
    let place = this.#places.get(value);
    if (place === undefined) {
      place = this.#values.push(value) - 1;
      this.#places.set(value, place);
    }
    return place;
  }
}
