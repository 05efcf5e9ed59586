export { type Clock, type ClockSetting, createClock, realTime } from './clock.ts';
export { type Machine, pause, thisMachine } from './clock.ts';
export { type ManualMachine, manualMachine } from './manual.ts';
export { formatClock, isLoopback, mayRunFaster, parseClock } from './clock.ts';
export { createVirtualClock, type VirtualClock } from './manual.ts';
