/** Billionths of a CPU. Compose computes in single precision, which affects the last digits. */
export function nanoCpus(cpus: number): number {
  return Math.trunc(Math.fround(Math.fround(cpus) * 1e9));
}
