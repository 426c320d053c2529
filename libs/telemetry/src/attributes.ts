// What a span may tell. Ids are welcome here, as they are not among labels of metrics. What users store is not: no tags,
// no values, no text of a query.

/** Names of attributes: OpenTelemetry's where it has one, else under `varve`. */
export const attributes = {
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  /** Absent when the client had gone before the answer. */
  httpStatus: 'http.response.status_code',
  database: 'db.namespace',
  /** The code of a DbError, or the class of another error. */
  errorType: 'error.type',
  /** The level that the client asked for. */
  level: 'varve.level',
  pointCount: 'varve.points',
  shard: 'varve.shard',
  /** The data node that a frame or a question is for. */
  owner: 'varve.owner',
  /** With `number` the mutation id of a frame. */
  incarnation: 'varve.incarnation',
  number: 'varve.number',
  frameSize: 'varve.frame.size',
  /** The kind of a catalog command. */
  command: 'varve.command',
  /** Where a command stands in the catalog log, and in whose reign. */
  logIndex: 'varve.log.index',
  term: 'varve.term',
} as const;
