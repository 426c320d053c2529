import { ProtobufReader, ProtobufWriter, type OnField } from './protobuf.ts';

// The messages of Prometheus' remote write and read, by their field numbers:
// https://github.com/prometheus/prometheus/blob/main/prompb/remote.proto and types.proto.

export interface PromLabel {
  readonly name: string;
  readonly value: string;
}

export interface PromSample {
  readonly value: number;
  readonly timeMs: bigint;
}

export interface PromSeries {
  readonly labels: readonly PromLabel[];
  readonly samples: readonly PromSample[];
}

/** How the value of a label is compared. */
export const MATCH_OPERATORS = ['=', '!=', '=~', '!~'] as const;

export interface PromMatcher {
  /** Index into MATCH_OPERATORS, if the sender knows no more than we do. */
  readonly type: number;
  readonly name: string;
  readonly value: string;
}

/** Samples of series, both ends included. */
export interface PromQuery {
  readonly startMs: bigint;
  readonly endMs: bigint;
  readonly matchers: readonly PromMatcher[];
}

/** Labels and samples of one series, which are read at a stretch; senders put some thousands of samples into a whole request. */
const SERIES_FIELD_COUNT_MAX = 50_000;
const QUERY_FIELD_COUNT_MAX = 1_000;
/** Nobody sends many queries in one request. */
const QUERY_COUNT_MAX = 100;
const NOTHING: PromSeries = { labels: [], samples: [] };

/** A WriteRequest, series by series: none is kept. A field that is none counts as one without samples, so that its reader sees the work. @throws DbError REQUEST_INVALID */
export function* writeRequestSeries(bytes: Uint8Array): Generator<PromSeries> {
  const reader = new ProtobufReader(bytes);
  for (let field = reader.next(); field !== undefined; field = reader.next()) yield field === 1 ? seriesOf(reader) : NOTHING;
}

/** A ReadRequest. @throws DbError REQUEST_INVALID */
export function readReadRequest(bytes: Uint8Array): readonly PromQuery[] {
  const queries: PromQuery[] = [];
  new ProtobufReader(bytes).fields((field, reader) => {
    if (field === 1) queries.push(queryOf(reader));
  }, QUERY_COUNT_MAX);
  return queries;
}

function seriesOf(reader: ProtobufReader): PromSeries {
  const labels: PromLabel[] = [];
  const samples: PromSample[] = [];
  reader.message((field, inner) => {
    if (field === 1) labels.push(labelOf(inner));
    else if (field === 2) samples.push(sampleOf(inner));
  }, SERIES_FIELD_COUNT_MAX);
  return { labels, samples };
}

function labelOf(reader: ProtobufReader): PromLabel {
  const label = { name: '', value: '' };
  reader.message((field, inner) => {
    if (field === 1) label.name = inner.text();
    else if (field === 2) label.value = inner.text();
  });
  return label;
}

function sampleOf(reader: ProtobufReader): PromSample {
  const sample = { value: 0, timeMs: 0n };
  reader.message((field, inner) => {
    if (field === 1) sample.value = inner.double();
    else if (field === 2) sample.timeMs = inner.int64();
  });
  return sample;
}

function queryOf(reader: ProtobufReader): PromQuery {
  const query = { startMs: 0n, endMs: 0n };
  const matchers: PromMatcher[] = [];
  reader.message((field, inner) => {
    if (field === 1) query.startMs = inner.int64();
    else if (field === 2) query.endMs = inner.int64();
    else if (field === 3) matchers.push(matcherOf(inner));
  }, QUERY_FIELD_COUNT_MAX);
  return { ...query, matchers };
}

function matcherOf(reader: ProtobufReader): PromMatcher {
  const matcher = { type: 0, name: '', value: '' };
  const onField: OnField = (field, inner) => {
    if (field === 1) matcher.type = Number(inner.int64());
    else if (field === 2) matcher.name = inner.text();
    else if (field === 3) matcher.value = inner.text();
  };
  reader.message(onField);
  return matcher;
}

/** A ReadResponse in the making: the series of one result after the other. */
export class ReadResponseWriter {
  readonly #series = new ProtobufWriter();
  readonly #part = new ProtobufWriter();
  readonly #result = new ProtobufWriter();
  readonly #response = new ProtobufWriter();

  get sizeBytes(): number {
    return this.#series.out.length + this.#result.out.length + this.#response.out.length;
  }

  label({ name, value }: PromLabel): void {
    this.#part.text(1, name);
    this.#part.text(2, value);
    this.#endPart(1);
  }

  sample({ value, timeMs }: PromSample): void {
    this.#part.double(1, value);
    this.#part.int64(2, timeMs);
    this.#endPart(2);
  }

  endSeries(): void {
    this.#result.message(1, this.#series.out.view());
    this.#series.out.clear();
  }

  endResult(): void {
    this.#response.message(1, this.#result.out.view());
    this.#result.out.clear();
  }

  /** Valid until anything is written. */
  view(): Uint8Array {
    return this.#response.out.view();
  }

  #endPart(field: number): void {
    this.#series.message(field, this.#part.out.view());
    this.#part.out.clear();
  }
}
