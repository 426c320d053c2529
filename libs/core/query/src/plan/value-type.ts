import type { FieldType } from '@varve/model';

/** What is known of an expression's value before any row is seen. */
export type ValueType = FieldType | 'unknown';
