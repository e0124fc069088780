import cliProgress from 'cli-progress';

export interface ProgressShown {
  readonly title: string;
  readonly answered: number;
  readonly accepted: number;
}

export interface ProgressDisplay {
  show(jobs: readonly ProgressShown[]): void;
  /** Gives the terminal back as it was. May be called again. */
  end(): void;
}

const lineEvery_ms = 2_000;

/** Bars where somebody watches; plain lines where the output goes to a file. */
export function progressDisplay(output: NodeJS.WriteStream): ProgressDisplay {
  return output.isTTY ? bars(output) : lines(output);
}

function bars(output: NodeJS.WriteStream): ProgressDisplay {
  const all = new cliProgress.MultiBar(
    {
      stream: output,
      format: '  {title} {bar} {percentage} %  {value} of {total}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      hideCursor: true,
      autopadding: true,
      // Ctrl-C is ours to handle.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
  const byTitle = new Map<string, cliProgress.SingleBar>();
  let ended = false;
  return {
    show(jobs) {
      const width = Math.max(...jobs.map(({ title }) => title.length));
      for (const { title, answered, accepted } of jobs) {
        const bar = byTitle.get(title) ?? all.create(accepted, 0);
        byTitle.set(title, bar);
        bar.update(answered, { title: title.padEnd(width) });
      }
    },
    end() {
      // A second time it would move the cursor over what was written since.
      if (!ended) all.stop();
      ended = true;
    },
  };
}

function lines(output: NodeJS.WriteStream): ProgressDisplay {
  const startedAt = performance.now();
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    show(jobs) {
      const now = performance.now();
      if (now - shownAt < lineEvery_ms) return;
      shownAt = now;
      const answered = jobs.reduce((sum, job) => sum + job.answered, 0);
      const accepted = jobs.reduce((sum, job) => sum + job.accepted, 0);
      const whole = jobs.filter((job) => job.answered === job.accepted).length;
      const seconds = Math.round((now - startedAt) / 1_000);
      output.write(
        `  ${seconds} s: ${answered} of ${accepted} rows, ${whole} of ${jobs.length} jobs whole\n`,
      );
    },
    end: () => undefined,
  };
}
