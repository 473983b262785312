import { Component, type ReactNode, Suspense } from "react";

interface OptionalProps {
  /** Drawn while the part is fetched. */
  readonly fallback?: ReactNode;
  /** Drawn when it could not be fetched, or broke; without it, the fallback. */
  readonly lost?: ReactNode;
  readonly children: ReactNode;
}

/** A part that is fetched when it is needed, and whose loss must not take the page along. */
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
