/** Measures the cost of the bench itself and the speed of the machine. */
export default function Nothing() {
  return null;
}
