import type { ComponentProps, ReactNode } from 'react';

export const Button = (props: ComponentProps<'button'>) => <button type="button" {...props} />;

/** Buttons of which one is chosen, or that belong together. */
export const Choices = ({ label, children }: { label: string; children: ReactNode }) => (
  <fieldset className="choices" aria-label={label}>
    {children}
  </fieldset>
);

/** Why something could not be done. */
export const Refusal = ({ error }: { error: Error | null }) =>
  error && (
    <p className="wrong" role="alert">
      {error.message}
    </p>
  );
