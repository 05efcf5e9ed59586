interface BarProps {
  readonly label: string;
  /** From the left, each 0 to 1. */
  readonly shares: readonly { readonly share: number; readonly color: string }[];
}

/** A thin horizontal bar that is filled by shares. */
export function Bar({ label, shares }: BarProps) {
  let end = 0;
  return (
    <svg className="bar" role="img" aria-label={label}>
      {shares.map(({ share, color }) => {
        const start = end;
        end += share;
        return <rect key={color} fill={color} x={percent(start)} width={percent(share)} height="100%" />;
      })}
    </svg>
  );
}

const percent = (share: number) => `${share * 100}%`;
