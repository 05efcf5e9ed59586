import type { ComponentProps, ReactNode } from 'react';

export const Button = (props: ComponentProps<'button'>) => <button type="button" {...props} />;

export const Choices = ({ label, children }: { label: string; children: ReactNode }) => (
  <fieldset className="choices" aria-label={label}>
    {children}
  </fieldset>
);

export const Refusal = ({ error }: { error: Error | null }) =>
  error && (
    <p className="wrong" role="alert">
      {error.message}
    </p>
  );
