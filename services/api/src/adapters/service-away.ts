/** Another service does not answer, or can't do now what it was asked for. */
export class ServiceAway extends Error {
  override name = 'ServiceAway';
}
