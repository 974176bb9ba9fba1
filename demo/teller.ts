/** The result of a check: undefined when it passes, otherwise a text that says the difference. */
export type Look = () => Promise<string | undefined>;

/** The error of a check that did not pass in time. */
export class NotSeenError extends Error {
  readonly expected: string;
  readonly seen: string;
  constructor(expected: string, seen: string) {
    super(`expected: ${expected}\nseen: ${seen}`);
    this.expected = expected;
    this.seen = seen;
  }
}

/** Reports the actions and the checks of the story. Each ✔ is a check that passed. */
export interface Teller {
  /** A chapter begins. */
  begin(title: string): void;
  /** An action. */
  does(text: string): void;
  /** Repeats a check until it passes. Throws NotSeenError after `withinMs`. */
  sees(text: string, look: Look, withinMs?: number): Promise<void>;
  /** A long action. `work` may report its progress, and resolves to a final message. */
  waits(text: string, work: (say: (what: string) => void) => Promise<string>): Promise<void>;
  /** The agent's log lines, for comparison. */
  quotes(lines: readonly string[]): void;
  /** The end of a chapter. */
  end(): void;
}

export interface Terminal {
  isTTY: boolean;
  hasColours: boolean;
  /** Columns. */
  width: number;
  write(text: string): void;
}

const LOOK_EVERY_MS = 50;
const FRAME_EVERY_MS = 80;
const FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const TEXT_WIDTH = 66;

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const clip = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);

/** Repeats a check like `sees`, but prints nothing. */
export async function watch(text: string, look: Look, withinMs = 30_000, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    signal?.throwIfAborted();
    const objection = await look();
    if (objection === undefined) return;
    if (performance.now() > deadline) throw new NotSeenError(text, `${objection}, after ${withinMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Makes the same checks, but prints nothing. */
export const silentTeller: Teller = {
  begin: () => {},
  does: () => {},
  sees: (text, look, withinMs) => watch(text, look, withinMs),
  waits: async (_text, work) => void (await work(() => {})),
  quotes: () => {},
  end: () => {},
};

export const paints = (hasColours: boolean) => {
  const sgr =
    (open: number, close: number) =>
    (text: string): string =>
      hasColours ? `\x1b[${open}m${text}\x1b[${close}m` : text;
  return { bold: sgr(1, 22), dim: sgr(2, 22), green: sgr(32, 39), red: sgr(31, 39), cyan: sgr(36, 39) };
};

/** Prints to a terminal: a line for each action and check, with a spinner on the waiting line if it is a real terminal. */
export function terminalTeller(terminal: Terminal, signal: AbortSignal): Teller {
  const paint = paints(terminal.hasColours);
  let chapters = 0;
  let since = performance.now();

  const line = (text: string): void => terminal.write(`${text}\n`);
  /** Times are in a column, if the line is short enough. */
  const timed = (mark: string, text: string, time: string): string =>
    `  ${mark} ${text.padEnd(TEXT_WIDTH)} ${paint.dim(time.padStart(6))}`;

  async function spinning<T>(text: string, work: (say: (what: string) => void) => Promise<T>): Promise<T> {
    if (!terminal.isTTY) return work((what) => line(paint.dim(`    ${what}`)));
    const started = performance.now();
    let frame = 0;
    let doing = text;
    const draw = (): void => {
      const shown = `${doing} ${seconds(started)}`.slice(0, Math.max(10, terminal.width - 5));
      terminal.write(`\r\x1b[K  ${paint.cyan(FRAMES[frame++ % FRAMES.length] ?? '')} ${paint.dim(shown)}`);
    };
    draw();
    const timer = setInterval(draw, FRAME_EVERY_MS);
    try {
      return await work((what) => {
        doing = what;
      });
    } finally {
      clearInterval(timer);
      terminal.write('\r\x1b[K');
    }
  }

  return {
    begin(title) {
      signal.throwIfAborted();
      chapters += 1;
      since = performance.now();
      line(`\n${paint.bold(`${chapters}  ${title}`)}`);
    },
    does(text) {
      signal.throwIfAborted();
      line(`  ${paint.cyan('▸')} ${text}`);
    },
    async sees(text, look, withinMs) {
      const started = performance.now();
      try {
        await spinning(text, () => watch(text, look, withinMs, signal));
      } catch (error) {
        if (error instanceof NotSeenError) line(timed(paint.red('✘'), text, seconds(started)));
        throw error;
      }
      line(timed(paint.green('✔'), text, seconds(started)));
    },
    async waits(text, work) {
      const started = performance.now();
      const what = await spinning(text, work);
      line(timed(paint.green('✔'), `${text.padEnd(10)} ${what}`, seconds(started)));
    },
    quotes(lines) {
      for (const text of lines) line(paint.dim(`    │ ${clip(text, Math.max(40, terminal.width - 8))}`));
    },
    end: () => line(paint.dim(`    ${'─'.repeat(TEXT_WIDTH - 2)} ${seconds(since).padStart(6)}`)),
  };
}
