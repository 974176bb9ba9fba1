import { parseDotenv } from '../../compose/load/dotenv.ts';
import { InputError } from '../../lib/errors.ts';
import type { Stack } from './stack.ts';

const SECRET = /pass(word|wd|phrase)?$|pass(word|wd)|secret|token|api_?key|private_?key|credential/i;

/** In sentences, what of a stack should not be in Git. Names only, never a value. */
export function secretsOf({ files, project }: Stack, folder: string): string[] {
  const found: string[] = [];
  for (const [path, { content }] of Object.entries(files)) {
    if (/\.ya?ml$/.test(path) || !isEnvironment(path)) continue;
    const names = namesIn(new TextDecoder().decode(content), path).filter((name) => SECRET.test(name));
    if (names.length > 0) {
      found.push(
        `${folder}/${path} sets ${names.join(', ')}: take that out before you commit it, list it under siteValues in fleet.yaml, and give each site its own value in the file of --values`,
      );
    }
  }
  for (const { name, keys } of project.secrets.values()) {
    const path = keys.file?.replace(/^\.\//, '');
    if (path !== undefined && path in files) {
      found.push(
        `${folder}/${path} is the secret ${name}: do not commit it; lay it into the app's folder on each site, where Git need not hold it`,
      );
    }
  }
  for (const { name: service, keys } of project.services.values()) {
    for (const { name, value, at, node } of keys.environment ?? []) {
      // What comes from a variable stands elsewhere.
      const isWritten = value && !(node.kind === 'scalar' && node.raw.includes('$'));
      if (!isWritten || !SECRET.test(name) || /_FILE$/i.test(name)) continue;
      found.push(
        `${folder}/${at.file}:${at.line}:${at.column}: ${name} of ${service} may be a secret: write \${${name}} and list it under siteValues`,
      );
    }
  }
  return found;
}

const isEnvironment = (path: string): boolean => /(^|\/)[^/]*\.?env[^/]*$/i.test(path);

/** None where it is no file of variables after all. */
function namesIn(text: string, path: string): string[] {
  try {
    return [...parseDotenv(text, path, () => '').entries()].flatMap(([name, value]) => (value ? [name] : []));
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
