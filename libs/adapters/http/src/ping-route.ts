import { INFLUXDB_VERSION, type Exchange } from './exchange.ts';

/** "Is there a server": says nothing about its health. With `verbose` the version is in the body, for clients that see no headers. */
export function pingRoute(exchange: Exchange): void {
  const verbose = exchange.parameters.get('verbose') ?? '';
  const isVerbose = !['', '0', 'false'].includes(verbose);
  exchange.setHeader('Content-Type', 'application/json');
  exchange.answer(isVerbose ? 200 : 204, isVerbose ? JSON.stringify({ version: INFLUXDB_VERSION }) : undefined);
}
