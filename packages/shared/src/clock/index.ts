export { type Clock, type ClockSetting, createClock, realTime } from './clock.ts';
export { formatClock, isLoopback, mayRunFaster, parseClock } from './setting.ts';
export { createVirtualClock, type VirtualClock } from './virtual.ts';
