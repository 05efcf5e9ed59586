export { type CatchUp, catchUp, parseCatchUp } from './catch-up.ts';
export { duration, formatDuration, slotDuration } from './duration.ts';
export { envExample } from './env-example.ts';
export { callTimeout, documentedPolicies, type Tier, usualCall } from './limits.ts';
export { type Config, ConfigError, configExitCode, loadConfig, loadConfigOrExit } from './load.ts';
export { type Opening, opening, parseOpening } from './opening.ts';
export { parseSkips, type Skips, skips } from './skips.ts';
export { timeZone } from './time-zone.ts';
export { type VariableName, variableNames } from './variables.ts';
