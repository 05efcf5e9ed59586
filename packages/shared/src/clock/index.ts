export {
  type Clock,
  type ClockSetting,
  createClock,
  formatClock,
  isLoopback,
  type Machine,
  mayRunFaster,
  parseClock,
  pause,
  realTime,
  thisMachine,
} from './clock.ts';
export { createVirtualClock, manualMachine, type ManualMachine, type VirtualClock } from './manual.ts';
