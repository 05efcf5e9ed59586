import { Component, type ReactNode } from 'react';
import { Button } from '../parts/elements.tsx';

/** Says that a page could not be shown, such as when its script does not load while the API is down. */
export class PageBoundary extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <p className="wrong" role="alert">
        This page could not be loaded. <Button onClick={() => location.reload()}>Reload</Button>
      </p>
    );
  }
}
