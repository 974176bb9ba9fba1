/**
 * Puts together a data key that sops has split with Shamir's scheme. A part is a byte per byte of the key, then its x coordinate. Each byte of
 * the key is the value at x = 0 of the polynomial through the parts' bytes, in the field GF(2^8) of AES.
 */
export function combine(parts: readonly Uint8Array[]): Uint8Array {
  const size = (parts[0]?.length ?? 1) - 1;
  const xs = parts.map((part) => part[size] ?? 0);
  if (parts.length < 2 || size < 1 || parts.some((part) => part.length !== size + 1) || new Set(xs).size < xs.length)
    throw new RangeError('these are not the parts of one key');
  const weights = xs.map((x, index) =>
    xs.reduce((weight, other, at) => (at === index ? weight : multiply(weight, divide(other, x ^ other))), 1),
  );
  return Uint8Array.from({ length: size }, (_, byte) =>
    parts.reduce((sum, part, index) => sum ^ multiply(part[byte] ?? 0, weights[index] ?? 0), 0),
  );
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ (product & 0x80 ? 0x11b : 0) ^ ((b >> bit) & 1 ? a : 0);
  }
  return product;
}

/** `b` to the power of 254 is its inverse. */
function divide(a: number, b: number): number {
  let inverse = 1;
  for (let power = 0; power < 254; power++) inverse = multiply(inverse, b);
  return multiply(a, inverse);
}
