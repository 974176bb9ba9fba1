import type { ContainerSpec } from '../../../model/spec.ts';
import { type Decoder, duration, integer, map, quoted, word } from '../decode.ts';
import { type Decoded, noted, record } from '../record.ts';

export type RestartPolicy = NonNullable<ContainerSpec['RestartPolicy']>;

/** Reads `restart`: no, always, unless-stopped, on-failure or on-failure:3. An unquoted `no` is a string, as in Compose. */
export const restart: Decoder<{ written: string; policy: RestartPolicy }> = (node, report) => {
  const value = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  if (node.kind === 'scalar' && node.value === '') return undefined;
  const match = /^(no|none|always|any|unless-stopped|on-failure)(?::(\d+))?$/.exec(value);
  if (!match || (match[2] !== undefined && match[1] !== 'on-failure')) {
    const hint = 'no (in quotes), always, unless-stopped, on-failure or on-failure:3';
    return report.error(node, `${quoted(node)} is not a restart policy`, hint);
  }
  return { written: value, policy: policy(match[1] ?? '', Number(match[2] ?? 0)) };
};

const NO_SETTING = 'it is for Swarm; the engine chooses its own delay';

const DEPLOY_RESTART = {
  condition: word('none', 'no', 'on-failure', 'any', 'always', 'unless-stopped'),
  max_attempts: integer(0),
  delay: noted(NO_SETTING, duration),
  window: noted(NO_SETTING, duration),
};

export type DeployRestart = Decoded<typeof DEPLOY_RESTART>;

/** Reads `deploy.restart_policy`, which overrides `restart`. */
export const deployRestart: Decoder<DeployRestart> = map(
  record('deploy.restart_policy', DEPLOY_RESTART),
  (read, node, report) => {
    if (read.condition === undefined) return report.error(node, 'deploy.restart_policy needs a condition');
    if (read.max_attempts && read.condition !== 'on-failure') {
      return report.error(node, 'max_attempts works only with condition: on-failure');
    }
    return read;
  },
);

/** The restart policy for the engine, from `deploy` or otherwise from `restart`; undefined when both are absent. */
export function restartPolicy(
  deploy: DeployRestart | undefined,
  restart: { policy: RestartPolicy } | undefined,
): RestartPolicy | undefined {
  return deploy?.condition === undefined ? restart?.policy : policy(deploy.condition, deploy.max_attempts ?? 0);
}

function policy(condition: string, attempts: number): RestartPolicy {
  const Name = condition === 'none' ? 'no' : condition === 'any' ? 'always' : (condition as RestartPolicy['Name']);
  return { Name, ...(attempts > 0 && { MaximumRetryCount: attempts }) };
}
