/** Reads the SELECT statements of the tests of this room: InfluxQL without its finer points. */
import type { Expr, SelectField, SelectStatement, MeasurementSource } from '../influxql/ast.ts';
type Source = MeasurementSource;
const TOKEN = /\s*(?:("(?:\\.|[^"])*")|('(?:\\.|[^'])*')|((?:\d+(?:ns|us|u|µ|ms|s|m|h|d|w))+)|(\d+\.\d*|\.\d+|\d+)|([A-Za-z_][A-Za-z0-9_]*)|(::|=~|!~|!=|<>|<=|>=|[-+*\/%&|^=<>(),.;]))/y;
interface Tok { t: string; v: string; pos: number }
const UNIT: Record<string, bigint> = { ns: 1n, u: 1000n, us: 1000n, µ: 1000n, ms: 1000000n, s: 1000000000n, m: 60000000000n, h: 3600000000000n, d: 86400000000000n, w: 604800000000000n };
class P {
  i = 0; s: string;
  constructor(s: string) { this.s = s; }
  peek(): Tok { const i = this.i; const t = this.next(); this.i = i; return t; }
  next(): Tok {
    if (/^\s*$/.test(this.s.slice(this.i))) return { t: 'eof', v: '', pos: this.i };
    TOKEN.lastIndex = this.i; const m = TOKEN.exec(this.s);
    if (!m) throw new Error('lex at ' + this.s.slice(this.i));
    this.i = TOKEN.lastIndex;
    if (m[1]) return { t: 'id', v: m[1].slice(1, -1).replaceAll(/\\(.)/g, '$1'), pos: this.i };
    if (m[2] !== undefined) return { t: 'str', v: m[2].slice(1, -1).replaceAll(/\\(.)/g, '$1'), pos: this.i };
    if (m[3]) return { t: 'dur', v: m[3], pos: this.i };
    if (m[4]) return { t: 'num', v: m[4], pos: this.i };
    if (m[5]) return { t: 'word', v: m[5], pos: this.i };
    return { t: 'op', v: m[6]!, pos: this.i };
  }
  regex(): string | undefined {
    const m = /^\s*\/((?:\\.|[^\/])*)\//.exec(this.s.slice(this.i));
    if (!m) return undefined; this.i += m[0].length; return m[1]!.replaceAll('\\/', '/');
  }
  isKw(k: string): boolean { const t = this.peek(); return t.t === 'word' && t.v.toUpperCase() === k; }
  kw(k: string): boolean { if (!this.isKw(k)) return false; this.next(); return true; }
  op(v: string): boolean { const t = this.peek(); if (t.t !== 'op' || t.v !== v) return false; this.next(); return true; }
  must(v: string): void { if (!this.op(v)) throw new Error(`expected ${v} at ${this.s.slice(this.i)}`); }
  ident(): string { const t = this.next(); if (t.t !== 'id' && t.t !== 'word') throw new Error('ident at ' + this.s.slice(this.i)); return t.v; }
  dur(v: string): bigint { let n = 0n; for (const m of v.matchAll(/(\d+)(ns|us|u|µ|ms|s|m|h|d|w)/g)) n += BigInt(m[1]!) * UNIT[m[2]!]!; return n; }
  expr(min = 0): Expr {
    let l = this.unary();
    for (;;) {
      const i = this.i; const t = this.next(); const o = t.t === 'word' ? t.v.toUpperCase() : t.t === 'op' ? t.v : '';
      const prec = ({ OR: 1, AND: 2, '=': 4, '!=': 4, '<>': 4, '=~': 4, '!~': 4, '<': 4, '<=': 4, '>': 4, '>=': 4, '+': 5, '-': 5, '|': 5, '^': 5, '*': 6, '/': 6, '%': 6, '&': 6 } as Record<string, number>)[o];
      if (prec === undefined || prec <= min) { this.i = i; return l; }
      if (o === '=~' || o === '!~') { const r = this.regex(); if (r === undefined) throw new Error('expected regex'); l = { kind: 'binary', operator: o, left: l, right: { kind: 'regex', pattern: r } }; continue; }
      l = { kind: 'binary', operator: (o === '<>' ? '!=' : o) as never, left: l, right: this.expr(prec) };
    }
  }
  unary(): Expr {
    const r = this.regex(); if (r !== undefined) return { kind: 'regex', pattern: r };
    const t = this.next();
    if (t.t === 'str') return { kind: 'string', value: t.v };
    if (t.t === 'dur') return { kind: 'duration', ns: this.dur(t.v) };
    if (t.t === 'num') return t.v.includes('.') ? { kind: 'number', value: Number(t.v) } : { kind: 'integer', value: BigInt(t.v) };
    if (t.t === 'op' && t.v === '(') { const e = this.expr(); this.must(')'); return { kind: 'paren', inner: e }; }
    if (t.t === 'op' && t.v === '*') { const only = this.cast(); return { kind: 'wildcard', only: only as never }; }
    if (t.t === 'op' && t.v === '-') {
      const e = this.unary();
      if (e.kind === 'number') return { kind: 'number', value: -e.value };
      if (e.kind === 'integer') return { kind: 'integer', value: -e.value };
      if (e.kind === 'duration') return { kind: 'duration', ns: -e.ns };
      return { kind: 'binary', operator: '*', left: { kind: 'integer', value: -1n }, right: e };
    }
    if (t.t === 'word' && /^true$/i.test(t.v)) return { kind: 'boolean', value: true };
    if (t.t === 'word' && /^false$/i.test(t.v)) return { kind: 'boolean', value: false };
    if (t.t === 'word' && /^distinct$/i.test(t.v) && this.peek().t !== 'op') return { kind: 'distinct', name: this.ident() };
    if (t.t === 'id' || t.t === 'word') {
      if (t.t === 'word' && this.op('(')) { const args: Expr[] = []; if (!this.op(')')) { do args.push(this.expr()); while (this.op(',')); this.must(')'); } return { kind: 'call', name: t.v.toLowerCase(), args }; }
      let name = t.v; while (this.op('.')) name += '.' + this.ident();
      return { kind: 'variable', name, type: this.cast() };
    }
    throw new Error('unexpected ' + t.v);
  }
  cast(): never { if (!this.op('::')) return undefined as never; return this.ident().toLowerCase() as never; }
  select(): SelectStatement {
    if (!this.kw('SELECT')) throw new Error('not select');
    const fields: SelectField[] = [];
    do { const expression = this.expr(); fields.push({ expression, alias: this.kw('AS') ? this.ident() : undefined }); } while (this.op(','));
    if (!this.kw('FROM')) throw new Error('expected FROM at ' + this.s.slice(this.i));
    const sources: Source[] = [];
    do sources.push(this.source()); while (this.op(','));
    const condition = this.kw('WHERE') ? this.expr() : undefined;
    const dimensions: Expr[] = [];
    if (this.kw('GROUP')) { this.kw('BY'); do dimensions.push(this.unary()); while (this.op(',')); }
    let fill: SelectStatement['fill'] = { kind: 'null' };
    if (this.kw('FILL')) { this.must('('); const e = this.expr(); this.must(')'); fill = e.kind === 'variable' ? { kind: e.name as 'null' } : { kind: 'number', value: Number((e as { value: bigint }).value) }; }
    let isDescending = false;
    if (this.kw('ORDER')) { this.kw('BY'); if (this.isKw('TIME')) this.next(); if (this.kw('DESC')) isDescending = true; else this.kw('ASC'); }
    const n = (k: string): number => (this.kw(k) ? Number(this.next().v) : 0);
    const limit = n('LIMIT'), offset = n('OFFSET'), seriesLimit = n('SLIMIT'), seriesOffset = n('SOFFSET');
    if (this.peek().t !== 'eof') throw new Error('trailing ' + this.s.slice(this.i));
    return { kind: 'select', target: undefined, timeZone: undefined, order: isDescending ? 'DESC' : undefined, fields, sources, condition, dimensions, fill, limit, offset, seriesLimit, seriesOffset };
  }
  source(): Source {
    const r = this.regex(); if (r !== undefined) return { kind: 'measurement', database: undefined, retentionPolicy: undefined, name: undefined, regex: r };
    const parts: (string | undefined)[] = [this.ident()]; let regex: string | undefined;
    while (this.op('.')) { regex = this.regex(); if (regex !== undefined) break; const t = this.peek(); parts.push(t.t === 'op' ? undefined : this.ident()); }
    const name = regex === undefined ? parts.pop() : undefined;
    const retentionPolicy = parts.pop(); const database = parts.pop();
    return { kind: 'measurement', database, retentionPolicy, name, regex };
  }
}
export function parseTestSelect(text: string): SelectStatement { return new P(text).select(); }
