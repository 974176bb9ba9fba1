import { InputError, type Position } from '../../../lib/errors.ts';
import { isReserved } from '../../keys/host/host-settings.ts';
import type { Declared } from '../../keys/project.ts';
import type { ServiceKeys } from '../../keys/service-keys.ts';
import type { AppFolder } from '../../load/files/app-folder.ts';
import type { FileVariables } from '../../load/trace.ts';
import { requirePlain, textsOf } from '../../load/values/decrypted-variables.ts';
import { parseDotenv } from '../../load/values/dotenv.ts';
import type { Value } from '../../load/values/template.ts';
import type { Report } from '../../report.ts';

/**
 * The labels of a service: its own override those of its label files, and a later file overrides an earlier one. A label file is read like an
 * env_file, but its only variables are the labels of the files before it. undefined when there are no labels. Problems go to the report.
 */
export async function labelsOf(
  service: Declared<ServiceKeys>,
  folder: AppFolder,
  report: Report,
): Promise<Record<string, string> | undefined> {
  const files = await labelFilesOf(service, folder, report);
  const labels = {
    ...Object.fromEntries(files.flatMap(({ variables }) => [...textsOf(variables)])),
    ...service.keys.labels,
  };
  return Object.keys(labels).length > 0 ? labels : undefined;
}

/** The labels of each `label_file` of a service, in order. Problems go to the report. */
export async function labelFilesOf(
  service: Declared<ServiceKeys>,
  folder: AppFolder,
  report: Report,
): Promise<FileVariables[]> {
  const all: FileVariables[] = [];
  const found = new Map<string, Value>();
  for (const { path, at } of service.keys.label_file ?? []) {
    try {
      const read = await readLabels(path, at, folder, found);
      for (const [name, value] of read.variables) found.set(name, value);
      all.push(read);
    } catch (error) {
      report.add(error);
    }
  }
  return all;
}

async function readLabels(
  path: string,
  at: Position,
  folder: AppFolder,
  known: ReadonlyMap<string, Value>,
): Promise<FileVariables> {
  const file = await folder.text(path, 'a label_file', at);
  if (!file) throw InputError.at(at, `Git has no label_file ${path}`, await folder.meant(path, at));
  requirePlain(file.text, file.file);
  const labels = parseDotenv(file.text, file.file, (name) => known.get(name));
  for (const name of labels.keys()) {
    if (isReserved(name)) {
      throw InputError.at({ file: file.file, line: 1, column: 1 }, `the label ${name} is reserved`, 'take it out');
    }
  }
  return { ...file, variables: labels };
}
