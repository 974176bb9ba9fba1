/** One project that Docker Compose and Holdfast both make on a real engine. */
export interface EngineCase {
  name: string;
  compose: string;
  /** Beside the Compose file. */
  files?: Record<string, string>;
  /** Only newer engines can make it. */
  newer?: true;
}

/** A network that is there already, so that a case about one service alone makes none. */
export const SHARED_NETWORK = `conformance-${Math.random().toString(36).slice(2, 8)}`;
export const IMAGE = 'holdfast-test/busybox:1';

const indented = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? line : by + line))
    .join('\n');

/** A case of one service `web` with these keys; `top` is the text beside `services`. */
export function service(
  name: string,
  keys: string,
  rest: Omit<EngineCase, 'name' | 'compose'> & { top?: string } = {},
): EngineCase {
  const { top = '', ...others } = rest;
  const shared = `networks:\n  default:\n    external: true\n    name: ${SHARED_NETWORK}\n`;
  const networks = top.includes('networks:') ? '' : shared;
  const compose = `services:\n  web:\n    image: ${IMAGE}\n${indented(keys, '    ')}\n${networks}${top}`;
  return { name, compose: compose.replaceAll('UNIQUE', SHARED_NETWORK), ...others };
}

/** A case of several services; each is an image and its keys. */
export function project(name: string, compose: string, rest: Omit<EngineCase, 'name' | 'compose'> = {}): EngineCase {
  return {
    name,
    compose: compose
      .replaceAll('IMAGE', IMAGE)
      .replaceAll('SHARED', SHARED_NETWORK)
      .replaceAll('UNIQUE', SHARED_NETWORK),
    ...rest,
  };
}
