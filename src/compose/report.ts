import type { Position, Problem } from '../lib/errors.ts';
import { InputError } from '../lib/errors.ts';
import { APP_LIMITS, MOST_PROBLEMS } from '../lib/limits.ts';
import type { YamlNode } from '../yaml/node.ts';

/**
 * Gathers what is wrong with an app, so that a person sees all of it at once. A message names what was written (`raw`), never what
 * interpolation made of it: values may be secret.
 */
export class Report {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  /** A file is missing from what was loaded, so what refers to it would be reported without reason. */
  isPartial = false;
  /** Nodes with a problem already reported: what follows from it is noise. */
  private readonly spoilt = new WeakSet<YamlNode>();
  private ports = 0;

  /** Whether more problems would not be told. */
  get isFull(): boolean {
    return this.problems.length >= MOST_PROBLEMS;
  }

  /** Reports no more problems with a node. */
  spoil(node: YamlNode): void {
    this.spoilt.add(node);
  }

  /** Counts ports, before a range of them is written out. Reports where the app has too many. */
  takePorts(count: number, node: YamlNode): boolean {
    this.ports += count;
    const most = APP_LIMITS.ports;
    if (this.ports <= most) return true;
    this.error(node, `with this the app has more than ${most} ports`, 'network_mode: host needs none');
    return false;
  }

  /** Always undefined, so that a decoder can return it. `missing` is the variable without a value, where that is the problem. */
  error(at: Position | YamlNode | undefined, message: string, hint?: string, missing?: string): undefined {
    if (this.isFull) return undefined;
    const node = at && 'kind' in at ? at : undefined;
    const excuse = node && this.excuseOf(node);
    if (excuse === 'spoilt') return undefined;
    if (excuse) this.warn(node?.at, `${excuse} is known only on the site, so its place stays empty here`);
    else {
      const found = problem(node?.at ?? (at as Position | undefined), message, hint);
      this.problems.push({ ...found, ...(missing !== undefined && { missing }) });
    }
    return undefined;
  }

  /** Why a node need not be right: something in it was reported before, or a placeholder stands in it, for the value of that name. */
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

  /** Takes over what an InputError carries; anything else is not ours and is thrown on. */
  add(error: unknown): void {
    if (!(error instanceof InputError)) throw error;
    this.problems.push(...error.problems.slice(0, Math.max(0, MOST_PROBLEMS - this.problems.length)));
  }

  /** Throws everything gathered so far, in the order of the files, if there is anything. */
  throwIfAny(): void {
    if (this.problems.length > 0) throw new InputError(inOrder(this.problems));
  }
}

function problem(at: Position | undefined, message: string, hint: string | undefined): Problem {
  return { message, at, hint };
}

/** By file in the order of first mention, then by place; each once. */
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
