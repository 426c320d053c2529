import type { Exchange } from './exchange.ts';

/** The sentence of InfluxDB 1.8 where Flux is off, which clients and people know. Here it is always off: InfluxQL is asked at /query. */
const TEXT = 'Flux query service disabled. Verify flux-enabled=true in the [http] section of the InfluxDB config.\n';

/** `/api/v2/query`: there is no Flux here. */
export function fluxRoute(exchange: Exchange): void {
  exchange.setHeader('Content-Type', 'text/plain; charset=utf-8');
  exchange.setHeader('X-Content-Type-Options', 'nosniff');
  exchange.answer(403, TEXT);
}
