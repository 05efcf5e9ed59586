import { reads, useRead } from '../api/reads.ts';
import { Loaded } from '../parts/Loading.tsx';
import { clockTime } from '../time/words.ts';

/** Which of its sources upstream gives us, and what may be done about the others. */
export function Sources() {
  const sources = useRead(reads.sources);
  return (
    <Loaded query={sources}>
      {({ sources: all }) => (
        <div className="card table-frame">
          <table>
            <thead>
              <tr>
                {['Source', 'State', 'What is wrong', 'Asked again'].map((column) => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {all.map(({ source, state, message, advice, nextTryAt }) => (
                <tr key={source}>
                  <td>{source}</td>
                  <td className={state === 'unavailable' ? 'wrong' : undefined}>
                    {state === 'unknown' ? 'not asked yet' : state}
                  </td>
                  <td>{[message, advice].filter(Boolean).join(' ') || '–'}</td>
                  <td>{nextTryAt === null ? '–' : clockTime(Date.parse(nextTryAt))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Loaded>
  );
}
