import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client.ts';
import { paced } from '../api/live.ts';
import type { Command, CommandRider, List } from '../api/shapes.ts';
import { colourOf } from '../palette.ts';
import { Picture } from '../parts/Picture.tsx';
import { layoutShares } from './layout.ts';

/** How many riders of an import are here, wait, and could not be had, and why. */
export function Import({ command, riders }: { command: Command; riders: NonNullable<Command['riders']> }) {
  const { done, failed, waiting } = riders;
  const path = `/v1/commands/${command.commandId}/riders?outcome=failed&limit=50`;
  const lost = useQuery({
    queryKey: [path],
    queryFn: () => get<List<CommandRider>>(path),
    enabled: failed > 0,
    refetchInterval: () => (command.finishedAt === null ? paced(2_000) : false),
  });
  return (
    <div className="import">
      <Picture label={`${done} are here, ${waiting} wait, ${failed} could not be had`} height={10}>
        {(width) => {
          const shape = layoutShares(riders, width);
          return (
            <>
              <rect className="window-past" width={width} height="10" rx="3" />
              <rect fill={colourOf('manual_rider_add')} width={shape.doneX} height="10" rx="3" />
              <rect className="lost" x={shape.doneX} width={shape.failedX - shape.doneX} height="10" rx="3" />
            </>
          );
        }}
      </Picture>
      <p className="hint">
        {done} here, {waiting} to come
        {failed > 0 && <span className="wrong">, {failed} could not be had</span>}
      </p>
      <ul className="hint">
        {lost.data?.items.map(({ riderId, reason }) => (
          <li key={riderId}>
            {riderId}: {reason}
          </li>
        ))}
      </ul>
    </div>
  );
}
