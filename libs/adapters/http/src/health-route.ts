import type { Health } from '@varve/ports';
import type { Exchange } from './exchange.ts';

/** The answer of InfluxDB 1.8, but an honest one: 503 with what is not well. */
export function healthRoute(exchange: Exchange, { health, version }: { readonly health: Health; readonly version: string }): void {
  const { isPassing, problems } = health;
  exchange.setHeader('Content-Type', 'application/json');
  const answer = {
    name: 'influxdb',
    message: isPassing ? 'ready for queries and writes' : problems.join('; '),
    status: isPassing ? 'pass' : 'fail',
    checks: problems.map((message) => ({ message, status: 'fail' })),
    version,
  };
  exchange.answer(isPassing ? 200 : 503, JSON.stringify(answer));
}
