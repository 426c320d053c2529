import type { PromMatcher, PromQuery, PromSeries } from '../prom-messages.ts';
import { ProtobufReader, ProtobufWriter } from '../protobuf.ts';
import { snappyDecode, snappyPieces } from '../snappy.ts';

const SIZE_BYTES_MAX = 100_000_000;
const FIELD_COUNT_MAX = 1_000_000;

/** A block of snappy. */
export function packed(bytes: Uint8Array): Buffer {
  return Buffer.concat(Array.from(snappyPieces(bytes), (piece) => Buffer.from(piece)));
}

/** The body of a remote write. */
export function promWriteBody(series: readonly PromSeries[]): Buffer {
  return packed(messageOf((request) => {
    for (const { labels, samples } of series) {
      request.message(1, messageOf((writer) => {
        for (const { name, value } of labels) writer.message(1, messageOf((inner) => (inner.text(1, name), inner.text(2, value))));
        for (const { value, timeMs } of samples) writer.message(2, messageOf((inner) => (inner.double(1, value), inner.int64(2, timeMs))));
      }));
    }
  }));
}

/** The body of a remote read. */
export function promReadBody(queries: readonly PromQuery[]): Buffer {
  const bytes = messageOf((request) => {
    for (const { startMs, endMs, matchers } of queries) {
      request.message(1, messageOf((writer) => {
        writer.int64(1, startMs);
        writer.int64(2, endMs);
        for (const matcher of matchers) writer.message(3, matcherBytes(matcher));
      }));
    }
  });
  return packed(bytes);
}

/** Series by query, of the answer to a remote read: labels as an object, samples as [milliseconds, value]. */
export function readPromAnswer(body: Uint8Array): { readonly labels: Record<string, string>; readonly samples: [bigint, number][] }[][] {
  const results: ReturnType<typeof readPromAnswer> = [];
  new ProtobufReader(snappyDecode(body, SIZE_BYTES_MAX)).fields((_field, result) => {
    const series: (typeof results)[number] = [];
    result.message((_inner, each) => {
      const labels: Record<string, string> = {};
      const samples: [bigint, number][] = [];
      each.message((field, part) => {
        const pair: (string | number | bigint)[] = [];
        part.message((inner, value) => {
          pair[inner] = field === 1 ? value.text() : inner === 1 ? value.double() : value.int64();
        });
        if (field === 1) labels[String(pair[1])] = String(pair[2]);
        else samples.push([pair[2] as bigint, pair[1] as number]);
      }, FIELD_COUNT_MAX);
      series.push({ labels, samples });
    }, FIELD_COUNT_MAX);
    results.push(series);
  }, FIELD_COUNT_MAX);
  return results;
}

function matcherBytes({ type, name, value }: PromMatcher): Uint8Array {
  return messageOf((writer) => {
    writer.int64(1, BigInt(type));
    writer.text(2, name);
    writer.text(3, value);
  });
}

function messageOf(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter();
  write(writer);
  return writer.out.take();
}
