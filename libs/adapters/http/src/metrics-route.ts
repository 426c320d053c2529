import type { Exchange } from './exchange.ts';

/** Prometheus' text format. */
export async function metricsRoute(exchange: Exchange, metricsText: () => Promise<string>): Promise<void> {
  const text = await metricsText();
  exchange.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
  exchange.answer(200, text);
}
