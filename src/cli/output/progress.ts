/** Says on a terminal how far a command is, once it takes longer than this; in milliseconds. */
const AFTER = 1000;
const EACH = 100;

/** One line on standard error that is written again and again; nothing where standard error is no terminal. */
export interface Progress extends Disposable {
  tell(text: string): void;
  /** Wipes the line out. */
  end(): void;
}

export function createProgress(
  stream: NodeJS.WriteStream = process.stderr,
  now: () => number = () => performance.now(),
): Progress {
  const since = now();
  let last = since;
  let isShown = false;
  const end = (): void => {
    if (isShown) stream.write('\r\x1b[K');
    isShown = false;
  };
  return {
    tell(text) {
      const time = now();
      if (!stream.isTTY || time - since < AFTER || time - last < EACH) return;
      last = time;
      isShown = true;
      stream.write(`\r${text}\x1b[K`);
    },
    end,
    [Symbol.dispose]: end,
  };
}
