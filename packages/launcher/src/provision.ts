import { loadConfigOrExit } from '@paceline/shared/config';
import { prepare } from './prepare.ts';

// Prepares a broker and a database that somebody else runs: `node packages/launcher/src/provision.ts`.
const config = loadConfigOrExit(['NATS_URL', 'DATABASE_URL']);
await prepare(config.NATS_URL, config.DATABASE_URL);
console.log('Streams, consumers and tables are as this version needs them.');
