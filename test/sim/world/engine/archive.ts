/** The files of a tar archive by absolute path: ustar, with pax paths. Enough to see what was put into a container. */
export function untar(tar: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let longPath: string | undefined;
  for (let offset = 0; offset + 512 <= tar.length; ) {
    const header = tar.subarray(offset, offset + 512);
    if (header[0] === 0) break;
    const size = Number.parseInt(text(header.subarray(124, 136)), 8) || 0;
    const type = String.fromCharCode(header[156] ?? 0);
    const content = tar.slice(offset + 512, offset + 512 + size);
    offset += 512 + Math.ceil(size / 512) * 512;
    if (type === 'x') {
      longPath = /\d+ path=(.*)\n/.exec(new TextDecoder().decode(content))?.[1];
      continue;
    }
    const prefix = text(header.subarray(345, 500));
    const name = longPath ?? (prefix ? `${prefix}/` : '') + text(header.subarray(0, 100));
    longPath = undefined;
    if (type === '0' || type === '\0') files.set(`/${name.replace(/^\.?\/+/, '')}`, content);
  }
  return files;
}

const text = (field: Uint8Array): string => new TextDecoder().decode(field).replace(/\0.*$/s, '').trim();
