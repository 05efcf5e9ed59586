/** One event of a stream, and where it stands. */
export interface Heard {
  readonly type: string;
  /** What to resume behind; undefined when it has no place of its own. */
  readonly id: number | undefined;
  readonly data: unknown;
}

/**
 * Reads `text/event-stream` as it comes in pieces. A block without data moves the place on, and is no event.
 * @param onPlace is told each id
 */
export function eventReader(onPlace: (id: number) => void): (piece: string) => Heard[] {
  let rest = '';
  return (piece) => {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      const fields = new Map(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
      const id = fields.has('id') ? Number(fields.get('id')) : undefined;
      if (id !== undefined) onPlace(id);
      const data = fields.get('data');
      return data === undefined ? [] : [{ type: fields.get('event') ?? '', id, data: JSON.parse(data) }];
    });
  };
}
