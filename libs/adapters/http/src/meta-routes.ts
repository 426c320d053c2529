import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { AuditRow, MetaControl } from '@varve/ports';
import type { Exchange } from './exchange.ts';
import { errorFormOf } from './query-request.ts';
import type { Handler, Routes } from './router.ts';

const AUDIT_ROW_COUNT_DEFAULT = 100;
const AUDIT_ROW_COUNT_MAX = 1_000;
/** As of other answers, and as Go's MarshalIndent. */
const INDENT_SPACE_COUNT = 4;

/** What an operator may give: a name and the greatest number that it takes, from 1. */
interface Parameter {
  readonly name: 'peer' | 'limit';
  readonly max: number;
  readonly isRequired?: boolean;
}

const PEER: Parameter = { name: 'peer', max: LIMITS.metaPeerIdMax };
const NEEDED_PEER: Parameter = { ...PEER, isRequired: true };
const ROW_COUNT: Parameter = { name: 'limit', max: AUDIT_ROW_COUNT_MAX };

/** How a meta node is looked at and told what to do. docs/specs/operating.md has the answers and the invariants. */
export function metaRoutes(control: MetaControl): Routes {
  const status = forOperators(undefined, () => control.metaStatus());
  const audit = forOperators(ROW_COUNT, async (rowCountMax) => ({ rows: (await control.readAudit(rowCountMax ?? AUDIT_ROW_COUNT_DEFAULT)).map(withCommand) }));
  return {
    '/status': { GET: status, HEAD: status },
    '/audit': { GET: audit, HEAD: audit },
    '/join': { POST: forOperators(NEEDED_PEER, (peer) => control.joinPeer(peer!).then(() => ({ peer }))) },
    '/remove': { POST: forOperators(NEEDED_PEER, (peer) => control.removePeer(peer!).then(() => ({ peer }))) },
    '/transfer': { POST: forOperators(PEER, async (peer) => ({ leaderId: await control.transferLeadership(peer ?? 0) })) },
    '/snapshot': { POST: forOperators(undefined, async () => ({ appliedIndex: await control.takeSnapshot() })) },
  };
}

/**
 * The one door (O3): whoever may look at the group or change it is to be asked here, before anything of the request is
 * used. There are no users yet; but a page that an operator's browser shows is no operator. What `act` returns is answered
 * as JSON.
 */
function forOperators(parameter: Parameter | undefined, act: (value: number | undefined) => object | Promise<object>): Handler {
  return async (exchange) => {
    exchange.errorForm = errorFormOf(exchange);
    if (exchange.header('origin') !== undefined) throw new DbError('REQUEST_INVALID', 'web pages may not operate the meta group');
    const answer = await act(valueOf(exchange, parameter));
    exchange.setHeader('Content-Type', 'application/json');
    exchange.answer(200, `${JSON.stringify(answer, undefined, exchange.errorForm.isPretty ? INDENT_SPACE_COUNT : undefined)}\n`);
  };
}

/** A misspelt name is refused: `/transfer?pear=2` must not hand over to somebody else (O1). @throws DbError REQUEST_INVALID */
function valueOf({ path, parameters }: Exchange, parameter: Parameter | undefined): number | undefined {
  const known = ['pretty', ...(parameter === undefined ? [] : [parameter.name])];
  const unknown = [...parameters.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new DbError('REQUEST_INVALID', `unknown parameter "${unknown}": ${path} takes ${known.join(' and ')}`);
  if (parameter === undefined) return undefined;
  const { name, max, isRequired = false } = parameter;
  const values = parameters.getAll(name);
  if (values.length > 1) throw new DbError('REQUEST_INVALID', `${path} takes one ${name}, ${values.length} were given`);
  const [text] = values;
  if (text === undefined && !isRequired) return undefined;
  if (text === undefined) throw new DbError('REQUEST_INVALID', `${path} needs a ${name}, as in ${path}?${name}=4`);
  if (!/^[1-9]\d{0,14}$/.test(text) || Number(text) > max) throw new DbError('REQUEST_INVALID', `invalid ${name} "${text}": a whole number from 1 to ${max} is expected`);
  return Number(text);
}

/** The command is JSON already. */
function withCommand({ command, ...row }: AuditRow): object {
  return { ...row, command: JSON.parse(command) as unknown };
}
