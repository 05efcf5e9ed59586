import { runSandbox } from './sandbox-main.ts';
import { startSandbox } from './sandbox.ts';

await runSandbox('ZwiftRacing', startSandbox);
