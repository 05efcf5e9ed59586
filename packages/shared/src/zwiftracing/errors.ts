export class UnexpectedShape extends Error {
  override name = 'UnexpectedShape';
}
