import { ConfigError, configExitCode } from '@paceline/shared/config';
import { readConfig, type SandboxSettings } from './config.ts';

interface Started {
  readonly url: string;
  readonly controlUrl: string;
  close(): Promise<void>;
}

/** Runs a sandbox as a process, until SIGTERM. @param start with the settings of the environment */
export async function runSandbox(
  label: string,
  start: (settings: SandboxSettings) => Promise<Started>,
): Promise<void> {
  try {
    const sandbox = await start(readConfig(process.env));
    const stop = async () => {
      await sandbox.close();
      process.exit(0);
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    console.log(`${label} sandbox listening at ${sandbox.url} (controls: ${sandbox.controlUrl})`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`The sandbox could not start: ${error.message}`);
    process.exit(configExitCode);
  }
}
