import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eventNames } from './server-sent.ts';

const text =
  ': heartbeat\nid: 4\n\nevent: run.changed\nid: 5\ndata: {"event: ":"no"}\n\nevent: alert\ndata: {}\n\n';

it('events are heard by name, however their text is cut into pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (places) => {
      const cuts = [0, ...places.toSorted((one, other) => one - other), text.length];
      const read = eventNames();
      const heard = cuts.slice(1).flatMap((cut, index) => read(text.slice(cuts[index], cut)));
      expect(heard).toEqual(['run.changed', 'alert']);
    }),
  );
});
