import { createHash } from 'node:crypto';
import { filesDigestText } from '../../../container/labels/files-digest.ts';
import { InputError, type Position } from '../../../lib/errors.ts';
import { didYouMean } from '../../../lib/text/did-you-mean.ts';
import type { ContainerFile, MountSpec } from '../../../model/spec.ts';
import type { HostFile } from '../../../model/state.ts';
import { entryOf, type ScalarNode } from '../../../yaml/node.ts';
import type { FileUse } from '../../keys/host/mounted-files.ts';
import type { Declared, Project } from '../../keys/project.ts';
import type { FileKeys } from '../../keys/resources.ts';
import type { ServiceKeys } from '../../keys/service-keys.ts';
import type { AppFolder } from '../../load/files/app-folder.ts';
import { refusal } from '../../load/values/secret-places.ts';
import type { Values } from '../../load/values/values.ts';
import type { Report } from '../../report.ts';
import type { EncryptedFiles, SecretFile } from './encrypted-files.ts';

/** The mounts and files of a service's containers, from its volumes, configs and secrets. */
export interface CompiledFiles {
  mounts: MountSpec[];
  files: ContainerFile[];
  /** The digest of all bound files of Git, as container/labels/files-digest.ts has it; "" when there are none. */
  digest: string;
}

export interface FilesContext {
  project: Project;
  folder: AppFolder;
  encrypted: EncryptedFiles;
  values: Values;
  /** The engine's name of a volume with this key. */
  volumeName: (key: string) => string;
  report: Report;
}

/** Compiles the volumes, configs and secrets of a service. Problems go to the report. */
export async function compileFiles(service: Declared<ServiceKeys>, context: FilesContext): Promise<CompiledFiles> {
  const { report, folder, project, encrypted } = context;
  const mounts: MountSpec[] = [];
  const files: ContainerFile[] = [];
  const bound = new Map<string, HostFile>();
  const secrets: SecretFile[] = [];
  const taken = new Map<string, string>(Object.keys(service.keys.tmpfs ?? {}).map((path) => [path, 'tmpfs']));
  const claim = (target: string, what: string, at: Position): void => {
    const other = taken.get(target);
    if (other) report.error(at, `${target} of the service ${service.name} is also used by ${other}`);
    taken.set(target, what);
  };
  const bind = async (path: string, at: Position): Promise<string | undefined> => {
    try {
      const { path: source, files } = await folder.locate(path, at);
      for (const file of files) bound.set(file.path, file);
      return source;
    } catch (error) {
      report.add(error);
      return undefined;
    }
  };
  /** The path on the site of the file of a config or secret. */
  const bindFile = async (kind: string, name: string, file: string, at: Position): Promise<string | undefined> => {
    try {
      const secret = await encrypted.mounted(kind, name, file, at);
      if (!secret) return bind(file, at);
      secrets.push(secret);
      return secret.file.path;
    } catch (error) {
      report.add(error);
      return undefined;
    }
  };

  for (const { at, written, ...mount } of service.keys.volumes ?? []) {
    claim(mount.Target, 'a mount', at);
    if (mount.Type === 'bind' && mount.Source !== undefined) {
      const source = await bind(mount.Source, at);
      if (source !== undefined) mounts.push({ ...mount, Source: source });
    } else if (mount.Type === 'volume' && mount.Source !== undefined) {
      if (project.volumes.has(mount.Source)) mounts.push({ ...mount, Source: context.volumeName(mount.Source) });
      else undefinedReference(report, at, 'volume', mount.Source, project.volumes.keys());
    } else mounts.push(mount);
  }

  for (const kind of ['config', 'secret'] as const) {
    for (const use of service.keys[`${kind}s`] ?? []) {
      const declared = project[`${kind}s`].get(use.source);
      if (!declared) {
        undefinedReference(report, use.at, kind, use.source, project[`${kind}s`].keys());
        continue;
      }
      claim(use.target, `a ${kind}`, use.at);
      const { file } = declared.keys;
      if (file === undefined) {
        const content = contentOf(kind, declared, context);
        if (content !== undefined) files.push(containerFile(service, kind, use, content, report));
      } else {
        if (use.uid !== undefined || use.gid !== undefined || use.mode !== undefined) {
          report.warn(
            use.at,
            `uid, gid and mode of the ${kind} ${use.source} have no effect: its file is bound without changes`,
          );
        }
        const at = entryOf(declared.node, 'file')?.value.at ?? declared.at;
        const source = await bindFile(kind, declared.name, file, at);
        if (source !== undefined)
          mounts.push({ Type: 'bind', Source: source, Target: use.target, ReadOnly: true, MustExist: true });
      }
    }
  }
  mounts.sort((a, b) => (a.Target < b.Target ? -1 : 1));
  return { mounts, files, digest: filesDigestText({ plain: digestOf(bound), ...encrypted.digestOf(secrets) }) };
}

/** Checks all configs and secrets, even unused ones. */
export function checkFileDeclarations(project: Project, report: Report): void {
  for (const declared of [...project.configs.values(), ...project.secrets.values()]) {
    const given = ['file', 'content', 'environment'].filter((key) => entryOf(declared.node, key));
    if (given.length !== 1 && !entryOf(declared.node, 'external')) {
      report.error(declared.at, `${declared.name} needs one of file, content and environment`);
    }
  }
}

function contentOf(kind: string, declared: Declared<FileKeys>, context: FilesContext): string | undefined {
  const { content, environment } = declared.keys;
  const at = declared.at;
  if (content !== undefined) {
    if (content !== '') return content;
    return context.report.error(
      at,
      `the content of the ${kind} ${declared.name} is empty; Docker Compose would create no file`,
    );
  }
  if (environment === undefined) return undefined;
  const named = entryOf(declared.node, 'environment')?.value;
  const { variable, secret }: Partial<ScalarNode> = named?.kind === 'scalar' ? named : {};
  const value = variable === undefined ? context.values.lookup(environment) : { text: variable, secret };
  if (!value) {
    return context.report.error(
      named?.at ?? at,
      `the variable ${environment} of the ${kind} ${declared.name} has no value`,
      context.values.hint(environment),
      environment,
    );
  }
  if (value.secret)
    return context.report.error(
      named?.at ?? at,
      ...refusal(value.secret.name, `a file of the ${kind} ${declared.name}`),
    );
  return value.text;
}

function containerFile(
  service: Declared<ServiceKeys>,
  kind: string,
  use: FileUse,
  content: string,
  report: Report,
): ContainerFile {
  const hiding = Object.keys(service.keys.tmpfs ?? {}).find((path) =>
    use.target.startsWith(`${path.replace(/\/$/, '')}/`),
  );
  if (service.keys.read_only) {
    const hint = 'use file';
    report.error(use.at, `a read-only service cannot have the ${kind} ${use.source}, because it has no file`, hint);
  } else if (hiding) report.error(use.at, `the tmpfs at ${hiding} would hide the ${kind} ${use.source}`);
  return {
    path: use.target,
    content: new TextEncoder().encode(content),
    mode: use.mode ?? 0o444,
    uid: use.uid ?? 0,
    gid: use.gid ?? 0,
  };
}

/** Reports an undeclared name. */
export function undefinedReference(
  report: Report,
  at: Position,
  kind: string,
  name: string,
  declared: Iterable<string>,
): void {
  // Searching similar names for a thousand problems takes long, and nobody reads them.
  if (report.isFull) return;
  const near = didYouMean(name, declared);
  report.error(
    at,
    `there is no ${kind} ${name}`,
    near ? `did you mean ${near}?` : `declare it under ${kind}s at the top level`,
  );
}

function digestOf(files: ReadonlyMap<string, HostFile>): string {
  if (files.size === 0) return '';
  const hash = createHash('sha256');
  for (const path of [...files.keys()].sort()) {
    const file = files.get(path);
    hash.update(`${path}\0${file?.mode}\0${file?.digest}\n`);
  }
  return hash.digest('hex');
}

/** The `security_opt` of a service. The engine needs the text of a seccomp profile, which is read from Git. */
export async function securityOptions(
  service: Declared<ServiceKeys>,
  folder: AppFolder,
  report: Report,
): Promise<string[]> {
  const at = entryOf(service.node, 'security_opt')?.keyAt ?? service.at;
  const options: string[] = [];
  for (const option of service.keys.security_opt ?? []) {
    const match = /^([^=]+?)=(.*)$/s.exec(option) ?? /^([^:]+):(.*)$/s.exec(option);
    if (!match && option !== 'no-new-privileges') report.error(at, 'a security_opt must be NAME=VALUE');
    else if (match?.[1] === 'seccomp' && !/^(unconfined|builtin)$/.test(match[2] ?? '')) {
      try {
        options.push(`seccomp=${await seccompProfile(match[2] ?? '', folder, at)}`);
      } catch (error) {
        report.add(error);
      }
    } else options.push(option);
  }
  return options;
}

async function seccompProfile(path: string, folder: AppFolder, at: Position): Promise<string> {
  const found = await folder.text(path, 'a seccomp profile', at);
  if (!found) throw InputError.at(at, 'Git has no such seccomp profile', await folder.meant(path, at));
  try {
    return JSON.stringify(JSON.parse(found.text));
  } catch (cause) {
    throw new InputError([{ message: `${found.file} is not valid JSON`, at }], { cause });
  }
}
