import { styleText } from 'node:util';
import { laneOf, terminalColors } from '@paceline/client';
import { type TextStyle, type Paint, plain } from './core/look.ts';

export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

type Style = Parameters<typeof styleText>[0];
const styled = (style: Style) => (text: string) =>
  text === '' ? '' : styleText(style, text, { validateStream: false });

const colors: Paint = {
  colored: true,
  lane: (lane, text) => styled(terminalColors[laneOf(lane).color])(text),
  error: styled('red'),
  bold: styled('bold'),
  muted: styled('gray'),
};

const defaultWidth = 80;
const maxWidth = 140;
const minWidth = 32;

/** Colors in a terminal only; `NO_COLOR` turns them off, `FORCE_COLOR` on. */
export function createScreen(output: OutputStream, env: NodeJS.ProcessEnv) {
  const isTerminal = output.isTTY === true && env.TERM !== 'dumb';
  const colored = env.FORCE_COLOR ? env.FORCE_COLOR !== '0' : isTerminal && !env.NO_COLOR;
  let lastKey = '';
  return {
    get look(): TextStyle {
      const columns = output.columns ?? Number(env.COLUMNS ?? defaultWidth);
      const width = Math.min(maxWidth, Math.max(minWidth, Number.isFinite(columns) ? columns : defaultWidth));
      const isPiped = !isTerminal && env.COLUMNS === undefined;
      return { width, tableWidth: isPiped ? Infinity : width, paint: colored ? colors : plain };
    },
    print: (lines: readonly string[]) => void output.write(lines.map((line) => `${line}\n`).join('')),
    /** Replaces the progress line; outside a terminal, prints a line whenever `key` changes. */
    progress(line: string, key: string): void {
      if (!isTerminal && key === lastKey) return;
      lastKey = key;
      output.write(isTerminal ? `\r\u001B[2K${line}` : `${line}\n`);
    },
    endProgress: (lines: readonly string[]) =>
      void output.write(`${isTerminal ? '\r\u001B[2K' : ''}${lines.map((line) => `${line}\n`).join('')}`),
    clear: () => void output.write('\u001B[2J'),
    repaint: (lines: readonly string[]) =>
      void output.write(`\u001B[H${lines.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J`),
  };
}

export type Screen = ReturnType<typeof createScreen>;
