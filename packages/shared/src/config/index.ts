export { duration } from './duration.ts';
export { envExample } from './env-example.ts';
export { callTimeout, documentedPolicies, type Tier } from './limits.ts';
export { type Config, ConfigError, configExitCode, loadConfig, loadConfigOrExit } from './load.ts';
export { type VariableName, variableNames } from './variables.ts';
