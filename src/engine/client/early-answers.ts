import type { ContainerListItem } from '../../container/engine-api.ts';
import { ASKED_LABEL } from '../../container/labels/asked.ts';
import { readContainerLabels } from '../../container/labels/labels.ts';
import { mapBounded } from '../../lib/semaphore.ts';
import { openSocketClient } from './socket-client.ts';

/** Connections to the engine, and so inspects at once. */
const CONNECTIONS = 8;

/** Answers of an engine to the questions of a first observation, which it was asked before they were wanted. */
export interface EarlyAnswers {
  /** The JSON of an answer, for its first caller; undefined where the engine was not asked, or gave no answer that is a plain success. */
  take(path: string): Promise<unknown>;
  /** Drops all answers, those under way as well. */
  close(): void;
}

/**
 * Asks the engine at a unix socket what a first observation will ask, so that it answers while files are still read: the lists, and inspects of the
 * site's containers (of all that Holdfast made, where no site was named). The paths name no version of the API, and an engine then speaks its newest:
 * a caller who agrees on another one must close this. A question that failed has no answer here, so its caller asks again.
 */
export function askEarly(socketPath: string, site: string | undefined): EarlyAnswers {
  const isOurs = ({ Labels }: ContainerListItem): boolean =>
    site === undefined ? Labels?.[ASKED_LABEL] !== undefined : readContainerLabels(Labels, site) !== undefined;
  const client = openSocketClient(socketPath, CONNECTIONS);
  const answers = new Map<string, Promise<unknown>>();
  const wanted = new Set<string>();

  const ask = (path: string): Promise<unknown> => {
    const answer = wanted.has(path) ? Promise.resolve() : client.get(path).catch(() => undefined);
    answers.set(path, answer);
    return answer;
  };

  const listed = ask('/containers/json?all=true') as Promise<ContainerListItem[] | undefined>;
  for (const path of ['/version', '/info', '/networks', '/volumes']) void ask(path);
  void listed.then((items = []) => {
    const ours = items.filter(isOurs);
    const images = new Set(ours.flatMap(({ Image, ImageID }) => [Image, ImageID].filter(Boolean)));
    const paths = [
      ...[...images].map((name) => `/images/${name}/json`),
      ...ours.map(({ Id }) => `/containers/${Id}/json`),
    ];
    return mapBounded(paths, CONNECTIONS, ask);
  });

  return {
    async take(path) {
      const answer = answers.get(path);
      answers.delete(path);
      wanted.add(path);
      return answer;
    },
    close() {
      answers.clear();
      client.close();
    },
  };
}
