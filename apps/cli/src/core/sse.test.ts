import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventReader, type Heard } from './sse.ts';

const stream =
  'retry: 1000\nid: 4\n\nevent: alert\nid: 5\ndata: {"a":"b: c"}\n\n: heartbeat\nid: 9\n\nevent: gap\ndata: {}\n\n';

function read(pieces: readonly string[]): { heard: Heard[]; places: number[] } {
  const places: number[] = [];
  const reader = eventReader((id) => places.push(id));
  return { heard: pieces.flatMap(reader), places };
}

describe('a stream of events', () => {
  it('is read alike wherever it is cut into pieces', () => {
    const whole = {
      heard: [
        { type: 'alert', id: 5, data: { a: 'b: c' } },
        { type: 'gap', id: undefined, data: {} },
      ],
      places: [4, 5, 9],
    };
    expect(read([stream])).toEqual(whole);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        const at = [0, ...cuts.toSorted((one, other) => one - other), stream.length];
        expect(read(at.slice(1).map((end, index) => stream.slice(at[index], end)))).toEqual(whole);
      }),
    );
  });
});
