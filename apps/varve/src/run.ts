import type { VarveConfig } from '@varve/config';
import { startHttp } from '@varve/http-adapter';
import { startTelemetry } from '@varve/otel-adapter';
import { VERSION } from '@varve/process/main';
import { openLog, openMetrics, openSelfReport, systemClock, systemRandom } from '@varve/system-adapter';
import { openEmbedded } from 'varve';
import { banner } from './banner.ts';

/**
 * Takes the address, opens the database, serves it, says so, and stops on the first SIGINT or SIGTERM; a second one ends it
 * at once. An address that is taken is found before the data directory is touched.
 */
export async function run(config: VarveConfig): Promise<void> {
  const log = openLog({ level: config.logLevel, format: config.logFormat });
  const metrics = openMetrics();
  const onFatal = (error: unknown): void => {
    log.error('A store failed; the process ends, and a restart recovers everything that was acknowledged', { error });
    process.exit(1);
  };
  const { otlpEndpoint, traceSampleRatio: sampleRatio } = config;
  const { tracer, shutdown } = await startTelemetry({ serviceName: 'varve', nodeName: 'embedded', otlpEndpoint, sampleRatio, log });
  const http = await startHttp({
    ...{ address: config.httpBindAddress, config, version: VERSION },
    ...{ log, metrics, metricsText: () => metrics.text(), tracer, clock: systemClock },
  });
  const selfReport = openSelfReport(metrics, { version: VERSION, httpAddress: `${http.address.host}:${http.address.port}` });
  const embedded = await openEmbedded({ clock: systemClock, random: systemRandom, log, metrics, tracer, selfReport, onFatal }, config);
  http.serve(embedded.gateway);
  process.stdout.write(banner({ address: http.address, config, version: VERSION }));

  let isStopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info('Stopping', { signal });
    await http.close();
    await embedded.close();
    await shutdown();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void stop(signal));
}
