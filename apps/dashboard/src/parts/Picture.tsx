import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';

interface PictureProps {
  /** What the picture shows, in a sentence. */
  readonly label: string;
  readonly height: number;
  /** Something in it can be opened: it is no mere image then. */
  readonly live?: boolean;
  readonly children: (width: number) => ReactNode;
}

/** An SVG as wide as there is room for, drawn in pixels. The table behind it says the same in words. */
export function Picture({ label, height, live = false, children }: PictureProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const { current } = frame;
    if (!current) return;
    setWidth(current.clientWidth);
    const observer = new ResizeObserver(() => setWidth(current.clientWidth));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={frame} className="picture" style={{ height }}>
      {width > 0 && (
        <svg role={live ? 'group' : 'img'} aria-label={label} width={width} height={height}>
          {children(width)}
        </svg>
      )}
    </div>
  );
}
