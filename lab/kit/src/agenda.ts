/** A queue of future events on virtual time, in project ms. */
export type Agenda = ReturnType<typeof createAgenda>;

interface AgendaEntry {
  readonly at: number;
  /** Breaks ties: first added, first run. */
  readonly order: number;
  readonly run: () => void;
}

const goesBefore = (a: AgendaEntry, b: AgendaEntry): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);

/** A binary heap, since weeks of a system have millions of entries. One long function, because its parts share the heap. */
export function createAgenda(start: number) {
  const heap: AgendaEntry[] = [];
  let now = start;
  let lastOrder = 0;

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

  function runNext(): void {
    const { at, run } = takeFirst();
    now = at;
    run();
  }

  return {
    now: (): number => now,
    /** Runs a function in `ms`; with 0 after the current one. */
    in(ms: number, run: () => void): void {
      add({ at: now + Math.max(0, Math.ceil(ms)), order: (lastOrder += 1), run });
    },
    /** Runs everything due before `time`, then sets the clock to it. */
    runUntil(time: number): void {
      while ((heap[0]?.at ?? Infinity) < time) runNext();
      now = time;
    },
    /** Runs everything. @throws after `maxSteps` steps, which means an endless loop */
    run(maxSteps: number): void {
      for (let steps = 0; heap.length > 0; steps += 1) {
        if (steps === maxSteps) throw new Error(`not finished after ${maxSteps} steps`);
        runNext();
      }
    },
  };
}
