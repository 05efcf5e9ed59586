import { brokerTlsVariables, ConfigError, configExitCode, loadConfigOrExit } from '@paceline/shared/config';
import { originOf } from '@paceline/shared/contracts';
import { optionalRetentionVariables, retentionVariables, prepare } from './prepare.ts';

// Prepares a broker and a database that run elsewhere: `node local/launcher/src/provision.ts`.
const config = loadConfigOrExit(
  ['NATS_URL', 'NATS_MONITOR_URL', 'DATABASE_URL', 'PACELINE_CLOCK', ...retentionVariables],
  ['NATS_REPLICAS', 'ZWIFTRACING_BASE_URL', ...optionalRetentionVariables, ...brokerTlsVariables],
);
const { ZWIFTRACING_BASE_URL: upstream, PACELINE_CLOCK: clock } = config;
const own = upstream === undefined ? undefined : originOf(upstream, clock);
try {
  const broker = { url: config.NATS_URL, monitorUrls: config.NATS_MONITOR_URL };
  await prepare(broker, config.DATABASE_URL, config.NATS_REPLICAS ?? 1, config, own);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exit(configExitCode);
}
console.log('Streams, consumers and tables are up to date.');
