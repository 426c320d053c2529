import { type ByteReader, type ByteWriter, DbError } from '@varve/base';
import type { TagExpression } from '@varve/model';
import { invalidFrame } from './layout.ts';

/** As deep as a parser nests so many terms of one OR. Reading and matching recurse this far. */
export const PREDICATE_DEPTH_MAX = 256;
/** Parts of a predicate, at all depths: a series is held against each of them. */
export const PREDICATE_TERM_COUNT_MAX = 1_024;

type Operator = (TagExpression & { readonly kind: 'match' })['operator'];

const ALL = 0;
const AND = 1;
const OR = 2;
const OPERATORS: Readonly<Record<number, Operator>> = { 3: '=', 4: '!=', 5: '=~', 6: '!~' };
const OPERATOR_TAGS: Readonly<Record<Operator, number>> = { '=': 3, '!=': 4, '=~': 5, '!~': 6 };

/** Parts of a predicate that may still come, at any depth. */
interface Budget {
  terms: number;
}

/** Writes a predicate, outermost part first. @throws DbError QUERY_LIMIT */
export function writePredicate(writer: ByteWriter, predicate: TagExpression): void {
  writePart(writer, predicate, PREDICATE_DEPTH_MAX, { terms: PREDICATE_TERM_COUNT_MAX });
}

/** The inverse of {@link writePredicate}. @throws DbError FRAME_INVALID, MESSAGE_INVALID */
export function readPredicate(reader: ByteReader): TagExpression {
  return readPart(reader, PREDICATE_DEPTH_MAX, { terms: PREDICATE_TERM_COUNT_MAX });
}

function writePart(writer: ByteWriter, part: TagExpression, depthLeft: number, budget: Budget): void {
  const problem = spend(depthLeft, budget);
  if (problem !== undefined) throw new DbError('QUERY_LIMIT', problem);
  switch (part.kind) {
    case 'all':
      writer.u8(ALL);
      return;
    case 'and':
    case 'or':
      writer.u8(part.kind === 'and' ? AND : OR).varint(part.parts.length);
      for (const each of part.parts) writePart(writer, each, depthLeft - 1, budget);
      return;
    case 'match':
      writer.u8(OPERATOR_TAGS[part.operator]).text(part.key).text(part.value);
  }
}

function readPart(reader: ByteReader, depthLeft: number, budget: Budget): TagExpression {
  const problem = spend(depthLeft, budget);
  if (problem !== undefined) throw invalidFrame(problem);
  const tag = reader.u8();
  if (tag === ALL) return { kind: 'all' };
  if (tag === AND || tag === OR) {
    const count = reader.varint();
    if (count > budget.terms) throw invalidFrame(`${count} parts of a predicate`);
    const parts = Array.from({ length: count }, () => readPart(reader, depthLeft - 1, budget));
    return { kind: tag === AND ? 'and' : 'or', parts };
  }
  const operator = OPERATORS[tag];
  if (operator === undefined) throw invalidFrame(`unknown part ${tag} of a predicate`);
  return { kind: 'match', operator, key: reader.text(), value: reader.text() };
}

/** Takes one part from the budget. @returns what is wrong with it */
function spend(depthLeft: number, budget: Budget): string | undefined {
  budget.terms -= 1;
  if (depthLeft === 0) return `a predicate deeper than ${PREDICATE_DEPTH_MAX}`;
  return budget.terms < 0 ? `a predicate of more than ${PREDICATE_TERM_COUNT_MAX} parts` : undefined;
}
