import type { Position, Problem } from '../lib/errors.ts';
import { InputError } from '../lib/errors.ts';
import { APP_LIMITS, MOST_PROBLEMS } from '../lib/limits.ts';
import type { YamlNode } from '../yaml/node.ts';

/**
 * Collects all problems of an app, so that a person sees them at once. A message shows a text as written (`raw`), never interpolated, because
 * values may be secret.
 */
export class Report {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  /** A file could not be loaded, so missing references are not real problems. */
  isPartial = false;
  /** Nodes with a reported problem. More problems with them would be noise. */
  private readonly spoilt = new WeakSet<YamlNode>();
  private ports = 0;

  /** True when no more problems are collected. */
  get isFull(): boolean {
    return this.problems.length >= MOST_PROBLEMS;
  }

  /** Ignores all further problems of a node. */
  spoil(node: YamlNode): void {
    this.spoilt.add(node);
  }

  /** Counts ports before a range is expanded. Gives false and reports a problem when the app has too many. */
  takePorts(count: number, node: YamlNode): boolean {
    this.ports += count;
    const most = APP_LIMITS.ports;
    if (this.ports <= most) return true;
    this.error(node, `with this the app has more than ${most} ports`, 'with network_mode: host, a service needs none');
    return false;
  }

  /** Gives undefined, so that a decoder can return it. `missing` is the variable without a value, if that is the problem. */
  error(at: Position | YamlNode | undefined, message: string, hint?: string, missing?: string): undefined {
    if (this.isFull) return undefined;
    const node = at && 'kind' in at ? at : undefined;
    const excuse = node && this.excuseOf(node);
    if (excuse === 'spoilt') return undefined;
    if (excuse) this.warn(node?.at, `${excuse} is known only on the site, so this value stays empty here`);
    else {
      this.problems.push({ ...problem(node?.at ?? (at as Position | undefined), message, hint), missing });
    }
    return undefined;
  }

  /** The reason why a problem with a node is not an error: `spoilt`, or the name of a site's value whose placeholder is in it. */
  private excuseOf(node: YamlNode): string | undefined {
    if (this.spoilt.has(node)) return 'spoilt';
    if (node.kind === 'scalar') return node.siteValue;
    const children = node.kind === 'sequence' ? node.items : node.entries.map((entry) => entry.value);
    for (const child of children) {
      const excuse = this.excuseOf(child);
      if (excuse !== undefined) return excuse;
    }
    return undefined;
  }

  warn(at: Position | undefined, message: string, hint?: string): void {
    if (this.warnings.length < MOST_PROBLEMS) this.warnings.push(problem(at, message, hint));
  }

  /** Adds the problems of an InputError. Throws any other error. */
  add(error: unknown): void {
    if (!(error instanceof InputError)) throw error;
    this.problems.push(...error.problems.slice(0, Math.max(0, MOST_PROBLEMS - this.problems.length)));
  }

  /** Throws all problems so far, in the order of the files, if there are any. */
  throwIfAny(): void {
    if (this.problems.length > 0) throw new InputError(inOrder(this.problems));
  }
}

function problem(at: Position | undefined, message: string, hint: string | undefined): Problem {
  return { message, at, hint };
}

/** Sorts problems by file, in the order of first mention, then by position. Drops repeats. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map((each) => each.at?.file ?? ''))];
  const unique = new Map(problems.map((each) => [JSON.stringify([each.at, each.message]), each]));
  return [...unique.values()].sort(
    (a, b) =>
      files.indexOf(a.at?.file ?? '') - files.indexOf(b.at?.file ?? '') ||
      (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
      (a.at?.column ?? 0) - (b.at?.column ?? 0),
  );
}
