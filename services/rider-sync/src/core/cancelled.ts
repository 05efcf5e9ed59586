/** The command was cancelled: its row is final, and nothing is to be done for it any more. */
export class CommandCancelled extends Error {
  override name = 'CommandCancelled';
}
