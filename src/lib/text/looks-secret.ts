const NAME = /pass(word|wd|phrase)?$|pass(word|wd)|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential/i;
/** Matches a private key, a URL with a password, and the keys of clouds and Git hosts by their first letters. */
const VALUE =
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----|^[a-z][a-z0-9+.-]{0,30}:\/\/[^/@\s:]{0,200}:[^/@\s]{1,200}@|^(AKIA[A-Z0-9]{16}|gh[opsu]_\w{20}|glpat-[\w-]{20}|xox[abp]-)/;
/** The number of characters of a value that are checked. */
const MOST_READ = 4096;

/** True when a value, or its name, looks like a password or a key. The name of a file and a variable do not. */
export function looksSecret(name: string, value: string): boolean {
  if (value === '' || value.includes('$')) return false;
  return (NAME.test(name) && !/_FILE$/i.test(name)) || looksLikeKey(value);
}

/** True when a value itself looks like a key, or like a URL with a password. */
export const looksLikeKey = (value: string): boolean => VALUE.test(value.slice(0, MOST_READ));

/** A word of a command line that is a secret, or the value of an option whose name says so: `--token=abc`, `--token abc`. */
export function hasSecretWord(value: string): boolean {
  const all = value.split(' ');
  return all.some((word, index) => {
    const [name = '', inline] = word.replace(/^--?/, '').split('=', 2);
    const given = inline ?? (word.startsWith('-') ? (all[index + 1] ?? '') : '');
    return looksLikeKey(word) || looksSecret(name, given);
  });
}
