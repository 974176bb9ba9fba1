import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Manifest {
  name: string;
  version: string;
  license?: string;
  /** As older packages say it. */
  licenses?: { type: string }[];
  repository?: string | { url?: string };
}

/** One text with the licence of every package: its name, its version, where it lives, and the words of its own licence file. */
export async function licenceTexts(repo: string, folders: readonly string[]): Promise<string> {
  const parts = await Promise.all(folders.map((folder) => licenceOf(join(repo, folder))));
  return `Holdfast's bundle contains these packages, under these licences.\n\n${parts.join('\n')}`;
}

async function licenceOf(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
  const licence = manifest.license ?? manifest.licenses?.map(({ type }) => type).join(' OR ');
  if (!licence) throw new Error(`${manifest.name} names no licence`);
  const files = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  const { repository } = manifest;
  const home = typeof repository === 'string' ? repository : (repository?.url ?? '');
  return [
    '='.repeat(80),
    `${manifest.name} ${manifest.version} (${licence}) ${home}`.trimEnd(),
    '='.repeat(80),
    ...(texts.length > 0
      ? texts.map((text) => text.trim())
      : [`Licensed under ${licence}; the package has no licence file.`]),
    '',
  ].join('\n');
}
