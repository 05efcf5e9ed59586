import type { FaultKind } from '../../core/fault.ts';
import { clockJump } from './clock.ts';
import { diskFull } from './disk.ts';
import { freeze } from './freeze.ts';
import type { Inflict } from './inflict.ts';
import { kill } from './kill.ts';
import { doubled, reordered } from './messages.ts';
import { badNetwork } from './network.ts';
import { foreignCaller, policyChange } from './policy.ts';
import { rollingRestart } from './rolling-restart.ts';
import { serversAway } from './servers.ts';
import { storm, upstreamRestart } from './upstream.ts';

/** How each kind is done. */
export const inflictions: Record<FaultKind, Inflict> = {
  kill,
  'kill-several': kill,
  freeze,
  'rolling-restart': rollingRestart,
  'broker-restart': serversAway,
  'broker-node-away': serversAway,
  'broker-quorum-lost': serversAway,
  'journal-disk-full': diskFull,
  'database-restart': serversAway,
  'database-away': serversAway,
  'network-slow': badNetwork((ms) => ({ is: 'slow', ms })),
  'network-stalled': badNetwork(() => ({ is: 'stalled' })),
  'network-half-open': badNetwork(() => ({ is: 'half-open' })),
  'network-cut': badNetwork(() => ({ is: 'cut' })),
  'upstream-errors': storm('server-error'),
  'upstream-hangs': storm('hang'),
  'upstream-resets': storm('reset'),
  'upstream-garbage': storm('html', 'truncated', 'null-body', 'wrong-types'),
  'upstream-restart': upstreamRestart,
  'policy-stricter': policyChange,
  'policy-looser': policyChange,
  'foreign-caller': foreignCaller,
  'clock-jump': clockJump,
  'messages-doubled': doubled,
  'messages-reordered': reordered,
};
