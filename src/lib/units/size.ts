const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `18.2 MiB`: bytes for people, with one digit after the point where there is one to say. */
export function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${Math.round((bytes / 1024 ** power) * 10) / 10} ${UNITS[power]}`;
}
