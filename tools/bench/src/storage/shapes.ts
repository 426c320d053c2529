import { Prng } from '@varve/base';
import { BATCH_ROW_COUNT, encodeBatches, type BatchFile } from '../batch-file.ts';
import { startProgress } from '../progress.ts';
import { AS_INTEGER, encodeWorkload, FIELDS, hostTags, START_MS, STEP_MS, type FormatValue } from '../workload.ts';

// Rows of many shapes: the friendly one of TSBS, and what is harder for some part of a database.

/** Rows of one kind. */
export interface Shape {
  readonly name: string;
  readonly title: string;
  readonly rowCount: number;
  /** Fields of each row. */
  readonly fieldCount: number;
  readonly hasStrings?: boolean;
  /** @param rowCount may be less than the shape's, for a quick look */
  encode(rowCount: number, seed: number): BatchFile;
}

const MILLION = 1_000_000;
const HOST_COUNT = 1_000;
const SPARSE_HOST_COUNT = 100_000;
const WIDE_FIELD_COUNT = 200;
/** Some megabytes, as those of other shapes. */
const WIDE_BATCH_ROW_COUNT = 500;
const WIDE_HOST_COUNT = 100;

/** So much time a million rows of {@link INTEGERS} cover: what comes behind them begins there. */
export const SHAPE_ROUND_MS = (MILLION / HOST_COUNT) * STEP_MS;

/** As TSBS's cpu with integers: what most measurements write. */
export const INTEGERS: Shape = cpu('integers', 'cpu rows, 10 integer fields', AS_INTEGER);
/** The same walk with two decimals. */
export const DECIMALS: Shape = cpu('decimals', 'cpu rows, 10 fields with two decimals', (value) => value.toFixed(2));

/** In the order of the report. */
export const SHAPES: readonly Shape[] = [
  INTEGERS,
  DECIMALS,
  lines({
    ...{
      name: 'random-floats',
      title: 'random floats, all 53 bits: nothing to compress',
      rowCount: MILLION,
      fieldCount: FIELDS.length,
    },
    draw: (random) =>
      cpuLines({
        hostCount: HOST_COUNT,
        random,
        value: () => String(random.fraction() + random.fraction() * 2 ** -32),
      }),
  }),
  lines({
    ...{
      name: 'high-cardinality',
      title: '100,000 series of 10 rows each',
      rowCount: MILLION,
      fieldCount: FIELDS.length,
    },
    draw: (random) => cpuLines({ hostCount: SPARSE_HOST_COUNT, random, value: () => `${random.between(0, 100)}i` }),
  }),
  {
    ...{
      name: 'out-of-order',
      title: 'cpu rows, batches shuffled over 2.8 hours',
      rowCount: MILLION,
      fieldCount: FIELDS.length,
    },
    encode: (rowCount, seed) => shuffled(INTEGERS.encode(rowCount, seed), new Prng(seed)),
  },
  lines({
    ...{
      name: 'wide',
      title: `rows of ${WIDE_FIELD_COUNT} integer fields`,
      rowCount: MILLION / 20,
      fieldCount: WIDE_FIELD_COUNT,
    },
    batchRowCount: WIDE_BATCH_ROW_COUNT,
    draw: wideLines,
  }),
  lines({
    ...{ name: 'narrow', title: 'rows of one float field with one tag', rowCount: 2 * MILLION, fieldCount: 1 },
    draw: (random) => (row) =>
      `load,hostname=host_${row % HOST_COUNT} value=${random.between(0, 10_000) / 100} ${timeMsOf(row, HOST_COUNT)}000000`,
  }),
  lines({
    ...{
      name: 'strings',
      title: 'rows of 4 string fields: of 5, of 200 and of any number of texts',
      rowCount: MILLION / 2,
      fieldCount: 4,
    },
    hasStrings: true,
    draw: stringLines,
  }),
];

function cpu(name: string, title: string, formatValue: FormatValue): Shape {
  return {
    ...{ name, title, rowCount: MILLION, fieldCount: FIELDS.length },
    encode(rowCount, seed) {
      const progress = startProgress({ label: `encoding ${name}`, total: rowCount, unit: 'rows' });
      const workload = encodeWorkload({ rowCount, hostCount: HOST_COUNT, seed, progress, formatValue });
      progress.end();
      return workload;
    },
  };
}

type LineOf = (row: number) => string;

function lines({
  draw,
  batchRowCount = BATCH_ROW_COUNT,
  ...shape
}: Omit<Shape, 'encode'> & {
  readonly draw: (random: Prng) => LineOf;
  readonly batchRowCount?: number;
}): Shape {
  return {
    ...shape,
    encode(rowCount, seed) {
      const progress = startProgress({ label: `encoding ${shape.name}`, total: rowCount, unit: 'rows' });
      const batches = encodeBatches({ rowCount, lineOf: draw(new Prng(seed)), progress, batchRowCount });
      progress.end();
      return batches;
    },
  };
}

function timeMsOf(row: number, hostCount: number): number {
  return START_MS + Math.floor(row / hostCount) * STEP_MS;
}

/** The tags and fields of cpu with values that know nothing of each other. */
export function cpuLines({
  hostCount,
  random,
  value,
}: {
  readonly hostCount: number;
  readonly random: Prng;
  readonly value: () => string;
}): LineOf {
  const hosts = Array.from({ length: hostCount }, (_, index) => `cpu,${hostTags(index, random)} `);
  return (row) => {
    let line = hosts[row % hostCount]!;
    for (let field = 0; field < FIELDS.length; field += 1)
      line += `${field === 0 ? '' : ','}${FIELDS[field]}=${value()}`;
    return `${line} ${timeMsOf(row, hostCount)}000000`;
  };
}

function wideLines(random: Prng): LineOf {
  const names = Array.from({ length: WIDE_FIELD_COUNT }, (_, field) => `sensor_${field}`);
  return (row) => {
    const fields = names.map((name) => `${name}=${random.between(0, 1_000)}i`).join(',');
    return `plant,hostname=host_${row % WIDE_HOST_COUNT} ${fields} ${timeMsOf(row, WIDE_HOST_COUNT)}000000`;
  };
}

function stringLines(random: Prng): LineOf {
  const levels = ['debug', 'info', 'notice', 'warning', 'error'];
  const paths = Array.from({ length: 200 }, (_, index) => `/api/v1/resource_${index}/items`);
  return (row) => {
    const request = random.uint32().toString(16).padStart(8, '0');
    const fields = `level="${random.pick(levels)}",path="${random.pick(paths)}",request="${request}",message="request ${request} took ${random.between(1, 900)} ms"`;
    return `log,hostname=host_${row % HOST_COUNT} ${fields} ${timeMsOf(row, HOST_COUNT)}000000`;
  };
}

/** The same batches in another order. */
function shuffled(batches: BatchFile, random: Prng): BatchFile {
  const order = Array.from({ length: batches.batchCount }, (_, index) => index);
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = random.between(0, last);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return { ...batches, batch: (index) => batches.batch(order[index]!) };
}
