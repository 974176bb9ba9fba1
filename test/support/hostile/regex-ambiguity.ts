/**
 * Says why matching a regular expression can take more than time in proportion to the text, or undefined where it cannot. It looks at the structure alone:
 * the expression becomes an automaton whose states are its characters (Glushkov's), with a loop over everything before it where it is searched for. A
 * backtracking engine tries many ways through a text exactly if there are many: the same step by two ways (`(a+)*`), or two loops that one text leads
 * around, and from one to the other (`a*a*x`). Where the second loop may end the match, the first way is the last. Source: Weideman et al., "Analyzing
 * Matching Time Behavior of Backtracking Regular Expression Matchers by Using Ambiguity of NFA", 2016.
 */
export function ambiguity(pattern: string, flags: string): string | undefined {
  const automaton = new Automaton(flags);
  const whole = automaton.parse(pattern);
  if (automaton.twice !== undefined) return `${automaton.twice} can be repeated in two ways`;
  return automaton.loops(whole);
}

/** Characters that stand for all: those of ASCII, and some that classes treat in their own ways. */
const ALPHABET = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  ...['\u00e9', '\u00a0', '\u0430', '\u2028', '\ufeff', '\u4e00', '\u0301', '\u00ad', '\u0661'],
];

/** A piece of the expression: where it may begin, where it may end, and whether it may be nothing. */
interface Piece {
  first: number[];
  last: number[];
  isEmpty: boolean;
}

const NOTHING: Piece = { first: [], last: [], isEmpty: true };

class Automaton {
  /** The part that can be repeated in two ways. */
  twice: string | undefined;
  private readonly flags: string;
  private text = '';
  private at = 0;
  /** For each state, the characters that lead to it; empty where none do (`^`, `$`, a look ahead). */
  private readonly sets: Set<number>[] = [];
  private readonly names: string[] = [];
  private readonly follow: Set<number>[] = [];

  constructor(flags: string) {
    this.flags = flags;
  }

  parse(pattern: string): Piece {
    this.text = pattern;
    this.at = 0;
    const piece = this.alternatives();
    if (this.at < pattern.length) throw new Error(`cannot read /${pattern}/ at ${this.at}`);
    // It is looked for at every place, unless each way into it is bound to the start.
    const isBound =
      this.flags.includes('y') ||
      (!piece.isEmpty && !this.flags.includes('m') && piece.first.every((state) => this.names[state] === '^'));
    if (isBound) return piece;
    const anything = this.state('the text before it', new Set(ALPHABET.keys()));
    return this.concat(this.repeat(anything, 0), piece);
  }

  private alternatives(): Piece {
    let all = this.sequence();
    while (this.text[this.at] === '|') {
      this.at++;
      const next = this.sequence();
      all = {
        first: [...all.first, ...next.first],
        last: [...all.last, ...next.last],
        isEmpty: all.isEmpty || next.isEmpty,
      };
    }
    return all;
  }

  private sequence(): Piece {
    let whole = NOTHING;
    while (this.at < this.text.length && !'|)'.includes(this.text[this.at] ?? ''))
      whole = this.concat(whole, this.repeated());
    return whole;
  }

  private repeated(): Piece {
    const start = this.at;
    const piece = this.atom();
    const afterAtom = this.at;
    const quantifier = /(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y;
    quantifier.lastIndex = this.at;
    const found = quantifier.exec(this.text);
    if (!found) return piece;
    const after = quantifier.lastIndex;
    const [sign = '', min, comma, max] = found;
    const again = (): Piece => {
      this.at = start;
      const copy = this.atom();
      this.at = afterAtom;
      return copy;
    };
    let result: Piece;
    if (sign[0] === '*') result = this.repeat(piece, 0);
    else if (sign[0] === '+') result = this.repeat(piece, 1);
    else if (sign[0] === '?') result = { ...piece, isEmpty: true };
    else {
      // More than a few of a bounded number are a loop: some are 255.
      const isBounded = comma === '' || max !== '';
      const most = Number(comma === '' ? min : max);
      result = piece;
      if (!isBounded || most > 64) result = this.repeat(piece, Number(min));
      else {
        for (let i = 1; i < Math.min(most, 4); i++) {
          const copy = again();
          result = this.concat(result, i < Number(min) ? copy : { ...copy, isEmpty: true });
        }
        if (Number(min) === 0) result = { ...result, isEmpty: true };
      }
    }
    this.at = after;
    return result;
  }

  private atom(): Piece {
    const start = this.at;
    const char = this.text[this.at++] as string;
    if (char === '(') {
      const kind = /\?(?::|=|!|<=|<!|<\w+>)/y;
      kind.lastIndex = this.at;
      const [opening = ''] = kind.exec(this.text) ?? [];
      this.at += opening.length;
      const inner = this.alternatives();
      this.at++;
      if (!/^\?<?[=!]/.test(opening)) return inner;
      // A look around is a place that the match may fail at; what is in it begins there as well, and leads nowhere.
      const place = this.state(`(${opening}…)`, new Set());
      return { ...place, first: [...place.first, ...inner.first] };
    }
    if (char === '^' || char === '$') return this.state(char, new Set());
    if (char === '[') {
      for (; this.text[this.at] !== ']'; this.at++) if (this.text[this.at] === '\\') this.at++;
      this.at++;
    } else if (char === '\\') {
      const escaped = /p\{[^}]*\}|P\{[^}]*\}|x[\da-f]{2}|u\{[\da-f]+\}|u[\da-f]{4}|[\s\S]/iy;
      escaped.lastIndex = this.at;
      const [name = ''] = escaped.exec(this.text) ?? [];
      if (/^[1-9k]/.test(name)) throw new Error(`/${this.text}/ refers back`);
      this.at += name.length;
      if (name === 'b' || name === 'B') return NOTHING;
    }
    const atom = this.text.slice(start, this.at);
    const one = new RegExp(`^(?:${atom})$`, this.flags.replace(/[gmy]/g, ''));
    return this.state(atom, new Set([...ALPHABET.keys()].filter((index) => one.test(ALPHABET[index] as string))));
  }

  private state(name: string, set: Set<number>): Piece {
    const state = this.sets.push(set) - 1;
    this.names.push(name);
    this.follow.push(new Set());
    return { first: [state], last: [state], isEmpty: false };
  }

  private concat(a: Piece, b: Piece): Piece {
    this.connect(a.last, b.first);
    return {
      first: a.isEmpty ? [...a.first, ...b.first] : a.first,
      last: b.isEmpty ? [...a.last, ...b.last] : b.last,
      isEmpty: a.isEmpty && b.isEmpty,
    };
  }

  private repeat(piece: Piece, least: number): Piece {
    this.connect(piece.last, piece.first);
    return least === 0 ? { ...piece, isEmpty: true } : piece;
  }

  private connect(from: readonly number[], to: readonly number[]): void {
    for (const a of from) {
      for (const b of to) {
        // Where the same step is there twice, each repetition doubles the ways.
        if (this.follow[a]?.has(b)) this.twice ??= this.names[b];
        this.follow[a]?.add(b);
      }
    }
  }

  /** Two different loops of which the first leads to the second, along a text that also leads around each of them. */
  loops({ last }: Piece): string | undefined {
    const ends = new Set(last);
    const looping = [...this.sets.keys()].filter((state) => this.reaches(state, state));
    for (const q of looping) {
      if (ends.has(q)) continue;
      for (const p of looping) {
        if (p !== q && this.reaches(p, q) && this.together(p, q))
          return `${this.names[p]} and ${this.names[q]} can share a text in many ways`;
      }
    }
    return undefined;
  }

  private reaches(from: number, to: number): boolean {
    const seen = new Set<number>();
    const waiting = [...(this.follow[from] ?? [])];
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      if (state === to) return true;
      if (seen.has(state)) continue;
      seen.add(state);
      waiting.push(...(this.follow[state] ?? []));
    }
    return false;
  }

  /** True when one text leads from p to p, from p to q, and from q to q. */
  private together(p: number, q: number): boolean {
    const seen = new Set<string>();
    const waiting: [number, number, number][] = [[p, p, q]];
    for (let triple = waiting.pop(); triple; triple = waiting.pop()) {
      const [a, b, c] = triple;
      for (const x of this.follow[a] ?? []) {
        for (const y of this.follow[b] ?? []) {
          for (const z of this.follow[c] ?? []) {
            if (!this.shares(x, y, z)) continue;
            if (x === p && y === q && z === q) return true;
            const key = `${x} ${y} ${z}`;
            if (seen.has(key)) continue;
            seen.add(key);
            waiting.push([x, y, z]);
          }
        }
      }
    }
    return false;
  }

  private shares(x: number, y: number, z: number): boolean {
    const [a, b, c] = [this.sets[x], this.sets[y], this.sets[z]];
    for (const char of a ?? []) if (b?.has(char) && c?.has(char)) return true;
    return false;
  }
}
