import { parseArgs } from 'node:util';
import { ensureNatsServer } from '@varve/nats-adapter/server';
import { findJaeger } from './find-jaeger.ts';
import { JAEGER_URL } from './plan.ts';
import { startCluster } from './start-cluster.ts';

const HELP = `Starts a Varve cluster on this machine: NATS, 3 meta-raft, 3 data-shard, 1 repair and 2 coordinators, each a process
of its own. Prints "NAME pid PID" for each, and again when one has died and was started again. Ctrl-C stops them all.

Usage: npm run cluster -- [OPTION ...]

  --http-base-port PORT  coordinators listen on this port and the next (default 8086)
  --data-dir DIR         directory of everything that lasts (default ./varve-data/cluster)
  --nats 1|3             one nats-server, or a cluster of three (default 1)
  --no-restart           a process that dies stays dead
  --otlp-endpoint URL    OpenTelemetry collector for traces, such as http://127.0.0.1:4318 (default: none are made)
  --jaeger               starts Jaeger, which has to be on the PATH, and sends it the traces
  --log-level LEVEL      debug, info, warn or error (default info)
  --help                 print this text and end
`;

try {
  const { values } = parseArgs({
    options: {
      'http-base-port': { type: 'string', default: '8086' },
      'data-dir': { type: 'string', default: './varve-data/cluster' },
      nats: { type: 'string', default: '1' },
      'no-restart': { type: 'boolean', default: false },
      'otlp-endpoint': { type: 'string', default: '' },
      jaeger: { type: 'boolean', default: false },
      'log-level': { type: 'string', default: 'info' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) process.stdout.write(HELP);
  else await run(values);
} catch (error) {
  process.stderr.write(`cluster: ${(error as Error).message}\n`);
  process.exit(1);
}

async function run(values: { readonly 'http-base-port': string; readonly 'data-dir': string; readonly nats: string; readonly 'no-restart': boolean; readonly 'otlp-endpoint': string; readonly jaeger: boolean; readonly 'log-level': string }): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const httpBasePort = Number(values['http-base-port']);
  if (!Number.isInteger(httpBasePort) || httpBasePort < 1 || httpBasePort > 65_534) throw new Error(`--http-base-port: "${values['http-base-port']}" is not a port`);
  if (values.nats !== '1' && values.nats !== '3') throw new Error(`--nats: "${values.nats}" is neither 1 nor 3`);
  const natsServer = ensureNatsServer(say);
  if (natsServer === undefined) throw new Error('a cluster needs nats-server');
  const jaeger = values.jaeger ? findJaeger() : undefined;
  if (values.jaeger && jaeger === undefined) throw new Error('--jaeger: neither jaeger-all-in-one nor jaeger is on the PATH');
  const startedMs = performance.now();
  const cluster = await startCluster(
    { httpBasePort, dataDir: values['data-dir'], natsCount: values.nats === '3' ? 3 : 1, otlpEndpoint: values['otlp-endpoint'], jaeger, logLevel: values['log-level'] },
    {
      natsServer,
      restarts: !values['no-restart'],
      onLine: (name, line) => say(`${name.padEnd(12)} | ${line}`),
      onStart: (name, pid) => say(`${name} pid ${pid}`),
      onEnd: (name, how) => say(`${name} ended (${how})`),
    },
  );
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1);
      isStopping = true;
      void cluster.stop().then(() => process.exit(0));
    });
  }
  await cluster.ready;
  say(`\nThe cluster is ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s. It answers on ${cluster.urls.join(' and ')}.`);
  say(`  curl -XPOST '${cluster.urls[0]}/query' --data-urlencode 'q=CREATE DATABASE demo WITH REPLICATION 3'`);
  say(`  curl -XPOST '${cluster.urls[0]}/write?db=demo&consistency=quorum' --data-binary 'weather,city=oslo temperature=3.5'`);
  say(`  curl -G '${cluster.urls[1]}/query?db=demo&pretty=true' --data-urlencode 'q=SELECT * FROM weather'`);
  if (jaeger !== undefined) say(`Traces are on ${JAEGER_URL}.`);
  say('Kill any process by its pid and go on writing; Ctrl-C stops all.\n');
}
