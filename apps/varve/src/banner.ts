import { resolve } from 'node:path';
import type { Address, VarveConfig } from '@varve/config';

/** What a stranger needs to know once it runs: where it is, where the data is, and one thing to try. */
export function banner(facts: { readonly address: Address; readonly config: VarveConfig; readonly version: string }): string {
  const { address, config, version } = facts;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const url = `http://${host}:${address.port}`;
  return `
Varve ${version} is ready: coordinator, meta-raft, data-shard and repair in one process.

  address   ${url}   (InfluxDB 1.x API)
  data      ${resolve(config.dataDir)}
  defaults  1 copy of each point, on disk before it is acknowledged; kept for ever

Try it:
  curl -XPOST '${url}/query' --data-urlencode 'q=CREATE DATABASE demo'
  curl -XPOST '${url}/write?db=demo' --data-binary 'weather,city=oslo temperature=3.5'
  curl -G '${url}/query?db=demo&pretty=true' --data-urlencode 'q=SELECT * FROM weather'

Ctrl-C stops it; --help lists every option.
`;
}
