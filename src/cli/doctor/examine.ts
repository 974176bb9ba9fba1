import { messageOf } from '../../lib/errors.ts';
import { type Finding, type Found, problem } from './finding.ts';
import type { Subject } from './subject.ts';

export interface Check {
  /** The begin of its line. */
  name: string;
  /** The signal ends when the time of the check is over. */
  run(subject: Subject, signal: AbortSignal): Promise<Finding>;
  /** The advice if `run` throws, or does not end in time. */
  todo: string;
}

/** Runs all checks beside each other. One that throws, or that takes longer than `limit` milliseconds, is a problem. */
export const examine = (checks: readonly Check[], subject: Subject, limit: number): Promise<Found[]> =>
  Promise.all(checks.map(async (check) => ({ check: check.name, ...(await findingOf(check, subject, limit)) })));

async function findingOf({ run, todo }: Check, subject: Subject, limit: number): Promise<Finding> {
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => resolve(problem(`there was no answer within ${limit / 1000} s`, todo)), limit);
  });
  try {
    return await Promise.race([run(subject, ending.signal), late]);
  } catch (error) {
    return problem(messageOf(error), todo);
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
}
