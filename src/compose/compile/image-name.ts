/** Source: github.com/distribution/reference, regexp.go and normalize.go. */
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][\w.+-]*:[0-9a-fA-F]{32,}$/;

/** The reason why a text cannot be the name of an image, in words that follow the text; undefined for a valid name. */
export function imageNameFault(name: string): string | undefined {
  const [named = '', digest, ...more] = name.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest)))
    return 'has an invalid digest: it must be `sha256:` and 64 hex digits';
  const slash = named.indexOf('/');
  const first = slash < 0 ? '' : named.slice(0, slash);
  const hasRegistry = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  if (hasRegistry && !REGISTRY.test(first)) return `names the registry ${first}, which is not the name of a server`;
  const rest = hasRegistry ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  if (path !== path.toLowerCase()) return 'has capital letters, but names of images are in lower case';
  if (!path.split('/').every((part) => COMPONENT.test(part)))
    return 'is not the name of an image: it may have a-z, 0-9, and single . _ - / between them';
  if (colon >= 0 && !TAG.test(rest.slice(colon + 1)))
    return 'has an invalid tag: it may have letters, digits, . _ and -, and at most 128 characters';
  return undefined;
}

/** The name in lower case; its tag and digest stay. */
export function inLowerCase(name: string): string {
  const digest = name.indexOf('@');
  const path = digest < 0 ? name : name.slice(0, digest);
  const colon = path.lastIndexOf(':');
  const end = colon > path.lastIndexOf('/') ? colon : path.length;
  return name.slice(0, end).toLowerCase() + name.slice(end);
}
