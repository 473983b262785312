/**
 * Whether the browser has only six connections to the server, for all of its tabs. That is so over HTTP/1.1. WebSockets
 * do not count among them.
 */
export function hasFewConnections(): boolean {
  const [navigation] = performance.getEntriesByType("navigation");
  const protocol = (navigation as PerformanceNavigationTiming | undefined)?.nextHopProtocol;
  return protocol?.startsWith("http/1") ?? false;
}
