/**
 * Whether the browser has only six connections to the server, for all of its tabs. That is so over HTTP/1.1, and
 * without TLS browsers speak nothing else. WebSockets do not count among them.
 */
export function hasFewConnections(): boolean {
  if (location.protocol === "http:") return true;
  // What comes from the browser's cache names no protocol.
  const entries = performance.getEntries() as Partial<PerformanceResourceTiming>[];
  const named = entries.find(({ nextHopProtocol }) => nextHopProtocol);
  return named?.nextHopProtocol?.startsWith("http/1") ?? false;
}
