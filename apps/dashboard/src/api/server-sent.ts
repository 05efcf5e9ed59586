/** Reads `text/event-stream` as it comes in pieces, and says the name of each event. Data is asked for, not read. */
export function eventNames(): (piece: string) => string[] {
  let rest = '';
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    return lines.flatMap((line) => (line.startsWith('event: ') ? [line.slice(7).trim()] : []));
  };
}
