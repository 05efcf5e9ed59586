export { type Clock, type ClockSetting, createClock, realTime } from './clock.ts';
export { type Machine, pause, thisMachine } from './machine.ts';
export { type ManualMachine, manualMachine } from './manual.ts';
export { formatClock, isLoopback, mayRunFaster, parseClock } from './setting.ts';
export { createVirtualClock, type VirtualClock } from './virtual.ts';
