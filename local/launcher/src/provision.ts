import { brokerTlsVariables, loadConfigOrExit } from '@paceline/shared/config';
import { retentionVariables, prepare } from './prepare.ts';

// Prepares a broker and a database that run elsewhere: `node local/launcher/src/provision.ts`.
const config = loadConfigOrExit(
  ['NATS_URL', 'DATABASE_URL', ...retentionVariables],
  ['NATS_REPLICAS', ...brokerTlsVariables],
);
await prepare(config.NATS_URL, config.DATABASE_URL, config.NATS_REPLICAS ?? 1, config);
console.log('Streams, consumers and tables are up to date.');
