import { runSandbox } from '../sandbox-main.ts';
import { startStravaSandbox } from './strava.ts';

await runSandbox('Strava', startStravaSandbox);
