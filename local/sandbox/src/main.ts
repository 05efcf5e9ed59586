import { ConfigError, configExitCode } from '@paceline/shared/config';
import { readConfig } from './config.ts';
import { startSandbox } from './sandbox.ts';

try {
  const sandbox = await startSandbox(readConfig(process.env));
  const stop = async () => {
    await sandbox.close();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  console.log(`ZwiftRacing sandbox listening at ${sandbox.url} (controls: ${sandbox.controlUrl})`);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(`The sandbox could not start: ${error.message}`);
  process.exit(configExitCode);
}
