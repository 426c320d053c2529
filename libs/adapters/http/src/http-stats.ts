import type { DurationMs } from '@varve/base';
import type { Gateway } from '@varve/ports';
import type { Exchange } from './exchange.ts';

/** Clients that one profile tells apart; the ones beyond are left out. */
const CLIENT_COUNT_MAX = 10_000;

/** Of InfluxDB's counters those that a route has of its own: requests, and nanoseconds they took. */
const ROUTE_COUNTERS: Readonly<Record<string, { readonly count: string; readonly durationNs?: string }>> = {
  '/query': { count: 'queryReq', durationNs: 'queryReqDurationNs' },
  '/write': { count: 'writeReq', durationNs: 'writeReqDurationNs' },
  '/api/v2/write': { count: 'writeReq', durationNs: 'writeReqDurationNs' },
  '/api/v1/prom/write': { count: 'promWriteReq', durationNs: 'writeReqDurationNs' },
  '/api/v1/prom/read': { count: 'promReadReq' },
  '/api/v2/query': { count: 'fluxQueryReq' },
  '/ping': { count: 'pingReq' },
  '/status': { count: 'statusReq' },
};
const WRITES = new Set(['/write', '/api/v2/write', '/api/v1/prom/write']);

/** What one client has sent while a profile ran. */
export interface ClientCounts {
  writes: number;
  queries: number;
}

/** Counts requests under InfluxDB's names, for `/debug/vars` and `/debug/requests`. */
export class HttpStats {
  readonly #values: Record<string, number> = {
    ...{ authFail: 0, clientError: 0, fluxQueryReq: 0, pingReq: 0, pointsWrittenDropped: 0, pointsWrittenFail: 0, pointsWrittenOK: 0, promReadReq: 0, promWriteReq: 0 },
    ...{ queryReq: 0, queryReqDurationNs: 0, recoveredPanics: 0, req: 0, reqActive: 0, reqDurationNs: 0, serverError: 0, statusReq: 0 },
    ...{ writeReq: 0, writeReqActive: 0, writeReqBytes: 0, writeReqDurationNs: 0 },
  };
  readonly #profiles = new Set<Map<string, ClientCounts>>();

  get values(): Readonly<Record<string, number>> {
    return this.#values;
  }

  /** @param route of those that exist, or something else */
  begin({ request }: Exchange, route: string): void {
    this.#add('req', 1);
    this.#add('reqActive', 1);
    const counter = ROUTE_COUNTERS[route]?.count;
    if (counter !== undefined) this.#add(counter, 1);
    const isWrite = WRITES.has(route);
    if (isWrite) {
      this.#add('writeReqActive', 1);
      this.#add('writeReqBytes', Number(request.headers['content-length'] ?? 0) || 0);
    }
    if (isWrite || route === '/query') for (const profile of this.#profiles) countClient(profile, request.socket.remoteAddress ?? '', isWrite);
  }

  end(route: string, { status, elapsedMs }: { readonly status: number; readonly elapsedMs: DurationMs }): void {
    const elapsedNs = Math.round(elapsedMs * 1e6);
    this.#add('reqActive', -1);
    this.#add('reqDurationNs', elapsedNs);
    const counter = ROUTE_COUNTERS[route]?.durationNs;
    if (counter !== undefined) this.#add(counter, elapsedNs);
    if (WRITES.has(route)) this.#add('writeReqActive', -1);
    if (status >= 400) this.#add(status >= 500 ? 'serverError' : 'clientError', 1);
  }

  /** A gateway whose points are counted. */
  counted(gateway: Gateway): Gateway {
    return {
      health: () => gateway.health(),
      deletePoints: (request) => gateway.deletePoints(request),
      runQuery: (request) => gateway.runQuery(request),
      writePoints: async (request) => {
        try {
          const summary = await gateway.writePoints(request);
          this.#add('pointsWrittenOK', summary.acceptedRowCount);
          this.#add('pointsWrittenDropped', summary.dropped?.pointCount ?? 0);
          return summary;
        } catch (error) {
          this.#add('pointsWrittenFail', 1);
          throw error;
        }
      },
    };
  }

  /** Counts by client from now on, until `stop`. */
  profile(): { readonly clients: ReadonlyMap<string, ClientCounts>; stop(): void } {
    const clients = new Map<string, ClientCounts>();
    this.#profiles.add(clients);
    return { clients, stop: () => this.#profiles.delete(clients) };
  }

  #add(name: string, amount: number): void {
    this.#values[name]! += amount;
  }
}

function countClient(profile: Map<string, ClientCounts>, client: string, isWrite: boolean): void {
  let counts = profile.get(client);
  if (counts === undefined) {
    if (profile.size >= CLIENT_COUNT_MAX) return;
    counts = { writes: 0, queries: 0 };
    profile.set(client, counts);
  }
  counts[isWrite ? 'writes' : 'queries'] += 1;
}
