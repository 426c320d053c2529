import { DbError } from '@varve/base';
import { loadClusterConfig, type ClusterConfig, type ClusterProgram } from '@varve/config';
import { startHttp, type HttpServer } from '@varve/http-adapter';
import { claimName, newBootId, type Service } from '@varve/kit';
import { connectNats } from '@varve/nats-adapter';
import { startTelemetry } from '@varve/otel-adapter';
import type { Bus, Clock, Gateway, Health, Log, MetaControl, Metrics, Random, SelfReport, Tracer } from '@varve/ports';
import { openLog, openMetrics, openSelfReport, systemClock, systemRandom } from '@varve/system-adapter';
import { subjectsOf, type ServiceKind } from '@varve/wire';
import { runMain } from './run-main.ts';
import { VERSION } from './version.ts';

/** What a service is made of. */
export interface ServiceKit {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly selfReport: SelfReport;
  /** Ends the process: a store can keep its promises no more. */
  readonly onFatal: (error: unknown) => void;
  /** Closes this when the process stops, in the reverse order. */
  readonly keep: <Opened extends { close(): Promise<void> }>(opened: Opened) => Opened;
}

type AnyService = Service & Partial<Gateway> & Partial<MetaControl>;

/** A process with one service. */
export interface ServiceProgram {
  readonly program: ClusterProgram;
  readonly kind: ServiceKind;
  /** Which node of its kind it is: no other process may run as the same one. The node's name by default. */
  readonly identityOf?: (config: ClusterConfig) => string;
  /** Takes the data directory, before anything else is opened. Absent: the process keeps nothing. */
  readonly lock?: (directory: string) => { release(): void };
  /** Opens its stores and makes the service. A coordinator is a gateway as well, and serves the HTTP API; a meta node can be operated. */
  readonly open: (kit: ServiceKit, config: ClusterConfig) => Promise<AnyService>;
}

/** Runs the process until it is told to stop. */
export function runService(program: ServiceProgram): Promise<void> {
  return runMain(program.program, (sources) => loadClusterConfig(sources, program.program), (config) => start(program, config));
}

async function start({ program, kind, identityOf = ({ nodeName }) => nodeName, lock, open }: ServiceProgram, config: ClusterConfig): Promise<void> {
  const log = openLog({ level: config.logLevel, format: config.logFormat });
  const metrics = openMetrics();
  const closing: (() => Promise<void> | void)[] = [];
  const stopOn = stopper(log, closing);
  const { otlpEndpoint, traceSampleRatio: sampleRatio } = config;
  const telemetry = await startTelemetry({ serviceName: `varve-${program}`, nodeName: identityOf(config), otlpEndpoint, sampleRatio, log });
  closing.push(() => telemetry.shutdown());
  const http = await startHttp({
    ...{ address: config.httpBindAddress, config, version: VERSION },
    ...{ log, metrics, metricsText: () => metrics.text(), tracer: telemetry.tracer, clock: systemClock },
  });
  closing.push(() => http.close());
  const held = lock?.(config.dataDir);
  closing.push(() => held?.release());
  const name = `${config.clusterId} ${program} ${identityOf(config)}`;
  const bus = await unlessStopping(stopOn, connectNats({ servers: config.natsServers, name, log, signal: stopOn }));
  closing.push(() => bus.close());
  const ports = { bus, clock: systemClock, random: systemRandom, log, metrics, tracer: telemetry.tracer };
  const selfReport = openSelfReport(metrics, { version: VERSION, httpAddress: `${http.address.host}:${http.address.port}` });
  await unlessStopping(stopOn, claimName(ports, subjectsOf(config.clusterId), { service: kind, name: identityOf(config), boot: newBootId(systemRandom) }));
  const keep: ServiceKit['keep'] = (opened) => {
    closing.push(() => opened.close());
    return opened;
  };
  const service = await open({ ...ports, selfReport, keep, onFatal: (error) => endAtOnce({ program, log }, error) }, config);
  closing.push(() => service.stop());
  await unlessStopping(stopOn, service.start());
  closing.push(() => service.drain());
  serve(http, service);
  // Not in the log, which may be told to say less: who waits for the process reads this.
  process.stdout.write(`Ready: ${program} node="${identityOf(config)}" cluster=${config.clusterId} http=${http.address.host}:${http.address.port}\n`);
}

function serve(http: HttpServer, service: AnyService): void {
  if (isGateway(service)) return http.serve(service);
  const healthOf = (): Health => {
    const problems = service.problems();
    return { isPassing: problems.length === 0, problems };
  };
  if (isMetaControl(service)) http.serveMeta(healthOf, service);
  else http.serveStatus(healthOf);
}

function isGateway(service: AnyService): service is Service & Gateway {
  return service.writePoints !== undefined && service.runQuery !== undefined && service.health !== undefined;
}

function isMetaControl(service: AnyService): service is Service & MetaControl {
  return service.metaStatus !== undefined && service.joinPeer !== undefined;
}

/** On the first signal everything is closed, the newest first; a second one ends the process at once. @returns aborted when stopping begins */
function stopper(log: Log, closing: readonly (() => Promise<void> | void)[]): AbortSignal {
  const stopping = new AbortController();
  const stop = async (signal: string): Promise<void> => {
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
    log.info('Stopping', { signal });
    for (const close of closing.toReversed()) await close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void stop(signal));
  return stopping.signal;
}

/** What fails because the process is stopping is no failure: it never settles, and the process ends by itself. */
function unlessStopping<Value>(stopping: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return promise.catch((error: unknown) => (stopping.aborted ? new Promise<never>(() => undefined) : Promise.reject(error as Error)));
}

/** What a person can mend is one sentence on stderr as well, as it is before the start. */
function endAtOnce({ program, log }: { readonly program: string; readonly log: Log }, error: unknown): never {
  const isOut = error instanceof DbError && error.code === 'META_IDENTITY';
  if (isOut) log.error('This node is no part of its group any more; the process ends', { reason: error.message });
  else log.error('A store failed; the process ends, and a restart recovers everything that was acknowledged', { error });
  if (error instanceof DbError) process.stderr.write(`${program}: ${error.message}\n`);
  process.exit(1);
}
