import type { FieldType } from '@varve/model';

/** What a plan asks of the catalog, and of tag keys that were collected before. */
export interface SchemaView {
  /** The name of a policy, or of the default one when none is named. */
  resolvePolicy(database: string, retentionPolicy: string | undefined): ResolvedPolicy;
  measurements(database: string, retentionPolicy: string): readonly string[];
  /** Empty for a measurement that is not there. */
  fields(database: string, retentionPolicy: string, measurement: string): ReadonlyMap<string, FieldType>;
  /** Of all its series, where `selectMeasurements` names the measurement; else none. */
  tagKeys(database: string, retentionPolicy: string, measurement: string): readonly string[];
}

export type ResolvedPolicy =
  | { readonly kind: 'found'; readonly retentionPolicy: string }
  | { readonly kind: 'databaseNotFound' }
  /** With the name that was looked for: the given one, or the database's default. */
  | { readonly kind: 'policyNotFound'; readonly retentionPolicy: string };

/** Refused in a plan or in SHOW: a text in InfluxDB's words for the client. */
export interface PlanError {
  readonly kind: 'error';
  readonly text: string;
}

export function planError(text: string): PlanError {
  return { kind: 'error', text };
}
