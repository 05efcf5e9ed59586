export { budgetLabel } from './names.ts';
export * from './text/budgets.ts';
export * from './text/calls.ts';
export * from './text/commands.ts';
export * from './text/events.ts';
export * from './text/health.ts';
export * from './text/riders.ts';
export * from './text/runs.ts';
export * from './text/time.ts';
