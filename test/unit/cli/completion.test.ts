import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { COMMANDS } from '../../../src/cli/commands.ts';
import type { Candidate } from '../../../src/cli/completion/candidate.ts';
import { complete } from '../../../src/cli/completion/complete.ts';
import { run } from '../../../src/cli/program.ts';
import { captureWritten, written } from '../../support/program/written.ts';
import { type ConfigFolder, configFolder } from '../../support/site/config-folder.ts';

captureWritten();

const exec = promisify(execFile);
const document = (kind: string, spec: object = {}): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });

let folder: ConfigFolder;
let cwd: string;
beforeAll(async () => {
  cwd = process.cwd();
  folder = await configFolder({
    'fleet.yaml': document('Fleet'),
    'sites/eu/berlin.yaml': document('Site'),
    'sites/eu/lyon.yaml': document('Site'),
    'sites/$(touch hacked).yaml': document('Site'),
    'apps/web/app.yaml': document('Application', { placement: { sites: ['eu/lyon'] } }),
    'apps/web/compose.yaml':
      'services:\n  front: { image: nginx, environment: { A: b } }\n  "$(touch hacked)": { image: nginx }\n',
    'apps/kiosk/app.yaml': document('Application'),
    'apps/kiosk/compose.yaml': 'services: {}\n',
  });
  process.chdir(folder.dir);
});
afterAll(async () => {
  process.chdir(cwd);
  await folder.remove();
});

async function words(...typed: string[]): Promise<string[] | string> {
  const found = await complete(typed, COMMANDS);
  return found === 'files' ? found : (found as readonly Candidate[]).map(({ word }) => word);
}

test('commands, flags and the choices of a flag are completed', async () => {
  expect(await words('')).toEqual([...Object.keys(COMMANDS), 'help']);
  expect(await words('ver')).toEqual(['verify']);
  expect(await words('help', 'sch')).toEqual(['schema']);
  expect(await words('render', '--f')).toEqual(['--files-dir', '--facts', '--format']);
  expect(await words('render', '--format', '')).toEqual(['engine', 'compose']);
  expect(await words('render', '--format', 'engine', '--f')).toEqual(['--files-dir', '--facts']);
  expect(await words('sites', '-o', 'j')).toEqual(['json']);
  expect(await words('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(await words('no-such-command', '')).toEqual([]);
});

test('names of sites, of the apps of a site, and of services and fields are completed', async () => {
  expect(await words('validate', '--site', '')).toEqual(['eu/berlin', 'eu/lyon']);
  expect(await words('explain', 'eu/l')).toEqual(['eu/lyon']);
  expect(await words('explain', 'eu/berlin', '')).toEqual(['kiosk']);
  expect(await words('explain', '-o', 'json', 'eu/lyon', '')).toEqual(['kiosk', 'web']);
  expect(await words('explain', 'eu/lyon', 'web', '')).toEqual(['front']);
  expect(await words('explain', 'eu/lyon', 'web', 'front.e')).toEqual(['front.environment.A']);
  expect(await words('render', '--site', 'eu/berlin', '--app', '')).toEqual(['kiosk']);
  expect(await words('validate', folder.dir, '--site', 'eu/b')).toEqual(['eu/berlin']);
});

test('a folder or a file is left to the shell', async () => {
  expect(await words('validate', '')).toBe('files');
  expect(await words('diff', '--values', '')).toBe('files');
  expect(await words('inventory', '')).toBe('files');
});

test('a repo that is wrong completes nothing and prints nothing', async () => {
  expect(await run(['completion', 'complete', '--', 'explain', 'no/such', ''])).toBe(0);
  expect(written).toBe('');
});

test('a shell that is not known is refused', async () => {
  expect(await run(['completion', 'fissh'])).toBe(2);
  expect(written).toContain('there is no completion for fissh (did you mean fish?)');
});

/** Makes `holdfast` a command of a folder of its own: the shells find it there. */
async function environment(): Promise<NodeJS.ProcessEnv> {
  const bin = join(folder.dir, 'bin');
  await mkdir(bin, { recursive: true });
  const main = join(cwd, 'src/cli/main.ts');
  await writeFile(join(bin, 'holdfast'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
  return { ...process.env, PATH: `${bin}:${process.env.PATH}`, HOME: folder.dir };
}

const shell = async (program: string, args: string[]): Promise<string> =>
  (await exec(program, args, { cwd: folder.dir, env: await environment(), timeout: 60_000 })).stdout;

const BASH = `eval "$(holdfast completion bash)"
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _holdfast; echo "\${COMPREPLY[@]}"; }
try holdfast ver
try holdfast explain eu/
try holdfast explain eu/lyon web ''
try holdfast explain eu/lyon web front.im
try holdfast validate --sit
try holdfast validate ''
complete -p holdfast`;

test('bash completes with the script', async () => {
  const lines = (await shell('bash', ['--norc', '-c', BASH])).split('\n');
  expect(lines).toEqual([
    'verify',
    'eu/berlin eu/lyon',
    'front',
    'front.image',
    '--site',
    '',
    'complete -F _holdfast holdfast',
    '',
  ]);
  expect(existsSync(join(folder.dir, 'hacked'))).toBe(false);
});

const ifThere = (path: string): typeof test | typeof test.skip => (existsSync(path) ? test : test.skip);

ifThere('/usr/bin/fish')('fish completes with the script', async () => {
  const asked = ['holdfast ver', 'holdfast explain eu/', 'holdfast explain eu/lyon web f', 'holdfast validate --sit'];
  const script = ['holdfast completion fish | source', ...asked.map((line) => `complete -C '${line}'`)].join('\n');
  const found = (await shell('fish', ['--no-config', '-c', script])).split('\n').map((line) => line.split('\t')[0]);
  expect(found).toEqual(['verify', 'eu/berlin', 'eu/lyon', 'front', '--site', '']);
});

// The line editor of zsh needs a terminal: zpty is one.
const ZSH = `zmodload zsh/zpty
zpty z zsh -f -i
await() { while [[ $out != *$1* ]]; do zpty -r z more || return 1; out+=$more; done }
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source <(holdfast completion zsh); print READ''Y"
await READY
zpty -w z $'holdfast explain eu/l\\tw\\tfr\\t> answer.txt'
while [[ ! -s answer.txt ]]; do zpty -r -t z more; sleep 0.1; done
zpty -d z
cat answer.txt`;

ifThere('/usr/bin/zsh')('zsh completes with the script', async () => {
  expect(await shell('zsh', ['-f', '-c', ZSH])).toContain('front of web on eu/lyon');
});
