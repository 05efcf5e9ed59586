import { reads, useRead } from '../api/reads.ts';
import { Loaded } from '../parts/Loading.tsx';
import { clockTime, dayOf } from '../time/words.ts';
import { ScheduleEditor } from './ScheduleEditor.tsx';
import './schedule.css';

/** When the syncs run; it is changed here, and judged before it is. */
export function ScheduleView() {
  const schedule = useRead(reads.schedule);
  return (
    <Loaded query={schedule}>
      {(inForce) => (
        <>
          <p className="summary">
            {inForce.from === 'configured'
              ? 'The syncs run as they were configured.'
              : `Changed ${inForce.since === null ? '' : `${dayOf(Date.parse(inForce.since))} ${clockTime(Date.parse(inForce.since))}`}; it holds until the configuration changes.`}{' '}
            Slots that are open stay as they are.
          </p>
          <ScheduleEditor inForce={inForce} />
        </>
      )}
    </Loaded>
  );
}
