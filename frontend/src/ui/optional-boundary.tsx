import { Component, type ReactNode, Suspense } from "react";

interface OptionalProps {
  /** Rendered while a lazy component loads. */
  readonly fallback?: ReactNode;
  /** Rendered if it could not be loaded or threw an error; by default the fallback. */
  readonly lost?: ReactNode;
  readonly children: ReactNode;
}

/** A Suspense and error boundary around something that the page can do without. */
export class Optional extends Component<OptionalProps, { readonly isLost: boolean }> {
  override state = { isLost: false };

  static getDerivedStateFromError() {
    return { isLost: true };
  }

  override render() {
    const { fallback = null, lost = fallback, children } = this.props;
    if (this.state.isLost) return lost;
    return <Suspense fallback={fallback}>{children}</Suspense>;
  }
}
