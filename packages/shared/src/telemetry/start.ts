// Load it first: node --import @paceline/shared/telemetry/start src/main.ts
import { startTelemetry } from './sdk.ts';

await startTelemetry();
