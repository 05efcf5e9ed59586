interface BarProps {
  readonly label: string;
  /** From the left, each 0 to 1. */
  readonly shares: readonly { readonly share: number; readonly color: string }[];
}

/** A thin horizontal bar that is filled by shares. */
export const Bar = ({ label, shares }: BarProps) => (
  <svg className="bar" role="img" aria-label={label}>
    {shares.map(({ share, color }, index) => {
      const start = shares.slice(0, index).reduce((sum, before) => sum + before.share, 0);
      return <rect key={color} fill={color} x={percent(start)} width={percent(share)} height="100%" />;
    })}
  </svg>
);

const percent = (share: number) => `${share * 100}%`;
