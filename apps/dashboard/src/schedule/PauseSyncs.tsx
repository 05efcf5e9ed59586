import { kindColor, type Schedule, type SyncKind } from '@paceline/client';
import { sentenceCase, shortTimeNear } from '@paceline/client/text';
import { kindNames, kinds } from '@paceline/shared/definition';
import { useMutation } from '@tanstack/react-query';
import { api } from '../api/client.ts';
import { refresh } from '../api/reads.ts';
import { announce } from '../app/announce.tsx';
import { second, useNow } from '../app/clock.tsx';
import { Swatch } from '../parts/Chart.tsx';
import { Button, ErrorMessage } from '../parts/elements.tsx';
import { Countdown, Time } from '../parts/time.tsx';

const pauseSeconds = 3_600;

/** Each sync with its next slot, and a button that pauses it for an hour or ends the pause. */
export const PauseSyncs = ({ schedule }: { schedule: Schedule }) => (
  <section className="card" aria-labelledby="syncs-title">
    <h2 id="syncs-title">Syncs</h2>
    <ul className="sync-rows">
      {kindNames.map((kind) => (
        <SyncRow key={kind} kind={kind} schedule={schedule} />
      ))}
    </ul>
    <p className="hint">
      A paused sync opens no slots; open slots go on, and riders can be added. A paused near sync makes no
      urgent calls either.
    </p>
  </section>
);

interface SyncRowProps {
  readonly kind: SyncKind;
  readonly schedule: Schedule;
}

function SyncRow({ kind, schedule: { kinds: settings, nextSlots, pausedUntil } }: SyncRowProps) {
  const now = useNow(second);
  const label = sentenceCase(kinds[kind].label);
  const pause = pausedUntil[kind];
  const until = pause !== null && Date.parse(pause) > now ? pause : undefined;
  const [next] = nextSlots[kind];
  const change = useMutation({
    mutationFn: (isPause: boolean) =>
      isPause
        ? api.call('PUT /v1/syncs/{kind}/pause', { path: { kind }, body: { forSeconds: pauseSeconds } })
        : api.call('DELETE /v1/syncs/{kind}/pause', { path: { kind } }),
    onSuccess(changed) {
      const end = changed.pausedUntil[kind];
      announce(end === null ? `${label} resumed` : `${label} paused until ${shortTimeNear(end, now)}`);
    },
    onSettled: () => refresh('/v1/schedule'),
  });
  return (
    <li data-sync={kind}>
      <span>
        <Swatch color={kindColor(kind)} />
        {label}
      </span>
      {settings[kind].mode === 'off' ? (
        <span className="hint">Off</span>
      ) : (
        <>
          <span className={until === undefined ? 'hint' : 'strong'}>
            {until !== undefined && (
              <>
                Paused until <Time at={until} />
              </>
            )}
            {until === undefined && next && (
              <>
                Next slot <Time at={next.opensAt} /> (<Countdown at={next.opensAt} />)
              </>
            )}
          </span>
          <Button
            inactive={change.isPending}
            aria-label={until === undefined ? `Pause 1 hour: ${label}` : `Resume ${label}`}
            onClick={() => change.mutate(until === undefined)}
          >
            {until === undefined ? 'Pause 1 hour' : 'Resume'}
          </Button>
        </>
      )}
      <ErrorMessage error={change.error} />
    </li>
  );
}
