/** What the bench itself costs, and what the machine is like. */
export default function Nothing() {
  return null;
}
