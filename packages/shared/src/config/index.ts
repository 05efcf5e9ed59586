export { brokerTlsVariables, isForbiddenHost, serversOf } from './addresses.ts';
export { type Config, ConfigError, configExitCode, loadConfig, loadConfigOrExit } from './load.ts';
export {
  catchUp,
  type CatchUp,
  goalsOf,
  goalVariables,
  type Opening,
  opening,
  parseCatchUp,
  parseOpening,
  parseSkips,
  type Skips,
  skips,
  slotSettingsOf,
  slotVariableNames,
} from './slots.ts';
export { callTimeout, duration, formatDuration, type Replicas, slotDuration, timeZone } from './values.ts';
export { envExample, type VariableName, variableNames, variables } from './variables.ts';
