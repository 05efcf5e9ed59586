/** What is going to happen, in project ms: everything in its order, nothing by itself. */
export type Agenda = ReturnType<typeof createAgenda>;

interface AgendaEntry {
  readonly at: number;
  /** Of those that are due at once the one that was entered first comes first. */
  readonly order: number;
  readonly does: () => void;
}

const goesBefore = (a: AgendaEntry, b: AgendaEntry): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);

/** A binary heap: weeks of a system hold millions of entries. Longer than other functions: its parts share the heap. */
export function createAgenda(start: number) {
  const heap: AgendaEntry[] = [];
  let now = start;
  let entered = 0;

  function add(entry: AgendaEntry): void {
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as AgendaEntry;
      if (!goesBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  function takeFirst(): AgendaEntry {
    const first = heap[0] as AgendaEntry;
    const last = heap.pop() as AgendaEntry;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      if (left >= heap.length) break;
      const child =
        right < heap.length && goesBefore(heap[right] as AgendaEntry, heap[left] as AgendaEntry)
          ? right
          : left;
      if (!goesBefore(heap[child] as AgendaEntry, last)) break;
      heap[index] = heap[child] as AgendaEntry;
      index = child;
    }
    heap[index] = last;
    return first;
  }

  function happenNext(): void {
    const { at, does } = takeFirst();
    now = at;
    does();
  }

  return {
    now: (): number => now,
    /** Lets something happen in `ms`; even in 0 it happens after what is under way. */
    in(ms: number, does: () => void): void {
      add({ at: now + Math.max(0, Math.ceil(ms)), order: (entered += 1), does });
    },
    /** Lets everything happen that is due before `moment`; then it is that late. */
    runUntil(moment: number): void {
      while ((heap[0]?.at ?? Infinity) < moment) happenNext();
      now = moment;
    },
    /** Lets everything happen. @throws when that takes more than `most` steps: something waits for ever */
    run(most: number): void {
      for (let steps = 0; heap.length > 0; steps += 1) {
        if (steps === most) throw new Error(`after ${most} steps there is no end`);
        happenNext();
      }
    },
  };
}
