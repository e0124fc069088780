/** The demo saw something that should not be. `blames`: the process whose log may say more, `worker`. */
export class DemoFailed extends Error {
  readonly code = 'demo_failed';
  readonly blames: string;

  constructor(message: string, blames: string) {
    super(message);
    this.blames = blames;
  }
}
